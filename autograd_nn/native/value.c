/* Value in C: the scalar engine of value.py, with the same answers.

   A node holds its number, its derivative and its inputs, which are nodes or plain numbers. It is
   not tracked by the garbage collector: a node knows its inputs and not its users, so there are no
   cycles. It is one line of the processor's cache, 64 bytes; what few nodes have (a name, an op without
   a code) is in `Extra`.

   What each op computes, and how it differentiates, is in rules.h, which is generated from the op
   table. Whatever is not plain arithmetic on Values and numbers (an array, a Tensor, a Dual, an op
   of the user's own, a mode other than no_grad()) goes to the Python functions handed over by `setup`. */

#include "common.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

/* A graph is walked backwards, and in leaps: the processor is told which nodes will be next. They lie in memory as
   the program made them, so those that a node depends on are a few places before it. */
#define AHEAD 8               /* how many nodes before the present one in memory */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define FETCH(address) __builtin_prefetch(address, 1)
#else
#define INLINE static inline
#define FETCH(address) ((void)0)
#endif

/* --- the ops ------------------------------------------------------------------------------ */

enum {
    AG_leaf = 0,
#define AG_NAMES
#define X(name, arity, parameter) AG_##name,
#include "rules.h"
#undef X
#undef AG_NAMES
    AG_table_end,
    AG_sum_of = AG_table_end,       /* any number of inputs */
    AG_weighted_sum,                /* w1 .. wn, x1 .. xn, b */
    AG_codes,
    AG_other = 255                  /* an op that has no code: Python runs its rules */
};

static const char *const op_names[AG_codes] = {
    "leaf",
#define AG_NAMES
#define X(name, arity, parameter) #name,
#include "rules.h"
#undef X
    "sum_of", "weighted_sum",
};
static const uint8_t op_arity[AG_codes] = {
    0,
#define X(name, arity, parameter) arity,
#include "rules.h"
#undef X
    0, 0,
};
static const char *const op_parameter[AG_codes] = {
    "",
#define X(name, arity, parameter) parameter,
#include "rules.h"
#undef X
#undef AG_NAMES
    "", "",
};

/* Functions that C's library does not have, as the op table defines them on Python's floats. The first name an operand
   more than once, which as a template would be computed as often; the last three have cases for accuracy. */
static inline double ag_sign(double x) { return x == x ? (x > 0) - (x < 0) + 0.0 : x; }
static inline double ag_step(double x) { return x == x ? (x > 0) + 0.0 : x; }
static inline double ag_tie(double x, double y) { return x == x && y == y ? (x > y) + 0.5 * (x == y) : NAN; }
static inline double ag_same(double x, double y) { return x == x && y == y ? (x == y) + 0.0 : NAN; }
static inline double ag_flat(double g, double x) { return x == x || g == 0 ? 0.0 : x; }
static inline double ag_maximum(double x, double y) { return x >= y || x != x ? x : y; }
static inline double ag_minimum(double x, double y) { return x <= y || x != x ? x : y; }
static inline double ag_multiply0(double x, double y) { return x == 0 || y == 0 ? 0.0 : x * y; }
static inline double ag_divide0(double x, double y) { return y == 0 ? 0.0 : x / y; }
static inline double ag_log0(double x) { return x == 0 ? 0.0 : log(x); }
static inline double ag_log_ratio(double x, double y) { return x != y || x != -INFINITY ? x - y : x; }
static inline double ag_hypot1(double x) { return fabs(x) < 1e100 ? sqrt(x * x + 1) : fabs(x); }
static inline double ag_relu(double x) { return x > 0 || x != x ? x : 0.0; }

static inline double ag_sigmoid(double x) { return x > -700 ? 1 / (1 + exp(-x)) : exp(x); }
static inline double ag_over_cosh2(double g, double x)
{
    double y = fabs(x) > 710 ? INFINITY : cosh(x);
    return g / y / y;
}
static inline double ag_over_cosh1(double g, double x) { return g / (2 * (1 + (fabs(x) > 710 ? INFINITY : cosh(x)))); }
static inline double ag_gauss(double x, double scale)
{
    x = fabs(x) > 64 ? 64 : fabs(x);
    double high = rint(x * 1048576) / 1048576;
    return exp(-scale * (high * high)) * exp(-scale * ((x - high) * (x + high)));
}
static inline double ag_normal_cdf(double x)                    /* Dekker's product: see _scaled in elementary.py */
{
    x = x < -64 ? -64 : x > 64 ? 64 : x;
    double y = x * 0.7071067811865476, high = x * 134217729.0 - (x * 134217729.0 - x), low = x - high;
    double lost = high * 0.7071067839860916 - y + high * -2.7995440410322203e-09 + low * 0.7071067839860916 + low * -2.7995440410322203e-09;
    return 0.5 * erfc(-y) + exp(-(y * y)) * (1 / sqrt(M_PI)) * (lost + x * -4.833646656726457e-17);
}
static inline double ag_logaddexp(double x, double y)
{
    if (x == y)
        return x + log(2.0);
    if (x != x || y != y)
        return x + y;
    return (x >= y ? x : y) + log1p(exp(-fabs(x - y)));
}
static inline double ag_remainder(double x, double y)       /* Python's % */
{
    double m = fmod(x, y);
    if (m)
        return (y < 0) != (m < 0) ? m + y : m;
    return y != y || y == 0 ? m : copysign(0.0, y);
}

/* With a constant code only one case of the switch is left, if the compiler is made to look. */
INLINE double forward(int code, double x, double y, double w)
{
    double z = 0.0;
    switch (code) {
#define AG_FORWARD
#include "rules.h"
#undef AG_FORWARD
    }
    return z;
}

/* --- the node ------------------------------------------------------------------------------- */

typedef struct Value Value;
typedef struct Extra Extra;
typedef union { Value *node; double number; PyObject *tuple; Extra *extra; uint64_t time; } Operand;
struct Extra {
    PyObject *name, *grad, *op, *params;
    Operand b;
    Value *owner;               /* and its place in a list, while grad is set: see cycles.h */
    Extra *next, *previous;
};

struct Value {
    PyObject_HEAD
    double data, grad;
    Operand a, b;               /* of a leaf a is a time: when its number was last assigned, 0 if never */
    uint32_t made_low;          /* the time at which an op made this node, or of the call that made a leaf: the low 32 bits, */
    uint16_t made_high;         /* and the next 16 */
    uint8_t code, flags;
    PyObject *weakrefs;
};

/* A_NODE, B_NODE: a, b are nodes; A_INT, B_INT: they are numbers that the user gave as int.
   WIDE: b is a tuple, the inputs, and a another or NULL: of a weighted sum the weights, then the bias.
   EXTRA: b is in the Extra, which stands in its place.
   MET: the walk that is going on has met the node; no node has it after the walk.
   A leaf has no operands. It is a constant if it is CONSTANT, and an op has made it of constants if it is COMPUTED too. */
enum { A_NODE = 1, B_NODE = 2, A_INT = 4, B_INT = 8, HAS_GRAD = 16, WIDE = 32, EXTRA = 64, MET = 128,
       CONSTANT = A_INT, COMPUTED = B_INT };

static PyTypeObject *value_type;        /* the exact type; subclasses in Python are allowed */

/* The time: how many numbers have been assigned to leaves, and calls of transforms begun. A node that an op made has used the numbers that its leaves
   had at that time. So if one was assigned later, the node's derivative can no longer be computed. And a node that was made
   before a call began cannot depend on the variables of that call. */
static uint64_t ticks;

static inline uint64_t time_of(const Value *v) { return (uint64_t)v->made_high << 32 | v->made_low; }

static inline void set_time(Value *v, uint64_t time)
{
    v->made_low = (uint32_t)time;
    v->made_high = (uint16_t)(time >> 32);
}

/* What the Python side hands over. */
static PyObject *ops[AG_codes];         /* the Op of each code */
static PyObject *codes;                 /* {Op: code} */
static PyObject *nothing;               /* the empty dict of parameters */
static PyObject *to_number, *slow_operator, *slow_backward, *refuse_data, *refuse_grad, *slow_ufunc;
static PyObject *ufuncs;                /* {NumPy's ufunc: the Op that it is of numbers} */
static PyObject *scalars;               /* the types of NumPy's numbers, and bool, in a tuple */

static inline int is_value(PyObject *o)
{
    return Py_TYPE(o) == value_type || PyType_IsSubtype(Py_TYPE(o), value_type);
}

/* --- memory ---------------------------------------------------------------------------------

   Nodes live in pages, and a page whose nodes have all died begins anew at its first: so a graph lies in
   memory in the order in which it was built, however many were built and freed before. (A list of free nodes
   comes to be in the order in which graphs die, and after some of them that order is a random one.)          */

#define PAGE 16384
#define CHUNK 16              /* pages that are asked for at a time, 256 KB */
#define LARGE 512             /* and when there are many already, 8 MB: in the system's large pages, where it has them */
#define MANY 4096             /* pages, 64 MB: what a large chunk holds in vain is then little beside them */
#define SPARE 512             /* empty pages, 8 MB, that are kept; beyond it a chunk goes back when it is empty */
#define HEAD 64               /* for what a page knows of itself; then its nodes, each on a line of the cache */
#define ROOM ((PAGE - HEAD) / sizeof(Value))

typedef struct { void *memory; int pages, empty; } Chunk;
typedef struct Page Page;
struct Page {
    Page *next, *previous;    /* in the list that it is in: `empty`, `partial`, or none if full or current */
    Chunk *chunk;
    Value *free;              /* nodes that died, and then those from `fresh` on, were never used */
    uint32_t used, fresh;
    int ready;                /* whether its nodes have been made */
};
typedef struct { Page *first; } Pages;

static Pages empty, partial;
static Page *current;         /* whose nodes are given out */
static int spare;             /* how many pages are empty */
static Py_ssize_t pages_held; /* in all chunks */

#define PAGE_OF(v) ((Page *)((uintptr_t)(v) & ~(uintptr_t)(PAGE - 1)))
#define NODES(page) ((Value *)((char *)(page) + HEAD))

static inline void enlist(Pages *list, Page *page)
{
    page->previous = NULL;
    page->next = list->first;
    if (page->next)
        page->next->previous = page;
    list->first = page;
}

static inline void delist(Pages *list, Page *page)
{
    if (page->next)
        page->next->previous = page->previous;
    if (page->previous)
        page->previous->next = page->next;
    else
        list->first = page->next;
}

/* Ask the system for pages of 2 MB: of a large graph each node is then found, and its memory made ready, in less time. */
static void in_large_pages(char *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t page = 1 << 21, start = ((uintptr_t)memory + page - 1) & ~(page - 1);
    const uintptr_t end = ((uintptr_t)memory + size) & ~(page - 1);
    if (start < end)
        madvise((void *)start, end - start, MADV_HUGEPAGE);     /* where it is refused, all is as it was */
#else
    (void)memory, (void)size;
#endif
}

/* Ask for memory and make it empty pages, the first in memory the first in the list; -1 if there is none. */
static int more_pages(void)
{
    int count = pages_held < MANY ? CHUNK : LARGE;
    Chunk *chunk = PyMem_Malloc(sizeof(Chunk));
    char *memory = PyMem_Malloc((size_t)(count + 1) * PAGE);
    if (!chunk || !memory) {
        PyMem_Free(chunk);
        PyMem_Free(memory);
        PyErr_NoMemory();
        return -1;
    }
    Page *pages = PAGE_OF(memory + PAGE - 1);
    if (count == LARGE)
        in_large_pages(memory, (size_t)(count + 1) * PAGE);
    chunk->memory = memory;
    chunk->pages = chunk->empty = count;
    spare += count;
    pages_held += count;
    for (int i = count; i-- > 0;) {
        Page *page = (Page *)((char *)pages + i * PAGE);
        memset(page, 0, sizeof(Page));
        page->chunk = chunk;
        enlist(&empty, page);
    }
    return 0;
}

/* A page with room becomes the current one: an empty one, where nodes follow each other, before others. */
static int next_page(void)
{
    if (!empty.first && !partial.first && more_pages() < 0)
        return -1;
    Pages *list = empty.first ? &empty : &partial;
    current = list->first;
    delist(list, current);
    if (!current->ready) {                              /* its nodes are made now, and soon used: they are in the cache then */
        memset(NODES(current), 0, ROOM * sizeof(Value));
        for (size_t k = 0; k < ROOM; k++)
            Py_SET_TYPE((PyObject *)&NODES(current)[k], value_type);    /* which outlives them, and is not counted */
        current->ready = 1;
    }
    if (list == &empty) {
        spare--;
        current->chunk->empty--;
    }
    return 0;
}

/* A page that was full has room, or one has no node left. */
static void page_changed(Page *page)
{
    if (!page->used) {
        page->free = NULL;
        page->fresh = 0;
    }
    if (page == current)
        return;
    if (page->used) {
        enlist(&partial, page);
    } else {
        Chunk *chunk = page->chunk;
        delist(&partial, page);
        enlist(&empty, page);
        spare++;
        if (++chunk->empty == chunk->pages && spare > SPARE) {
            Page *pages = PAGE_OF((char *)chunk->memory + PAGE - 1);
            for (int i = 0; i < chunk->pages; i++)
                delist(&empty, (Page *)((char *)pages + i * PAGE));
            spare -= chunk->pages;
            pages_held -= chunk->pages;
            PyMem_Free(chunk->memory);
            PyMem_Free(chunk);
        }
    }
}

INLINE Value *take_node(void)
{
    Page *page = current;
    if (!page || page->used == ROOM) {
        if (next_page() < 0)
            return NULL;
        page = current;
    }
    Value *v = page->free;
    if (v)
        page->free = v->a.node;
    else
        v = &NODES(page)[page->fresh++];
    page->used++;
    return v;
}

INLINE void give_node(Value *v)
{
    Page *page = PAGE_OF(v);
    v->a.node = page->free;
    page->free = v;
    page->used--;
    if (page->used == 0 || page->used == ROOM - 1)
        page_changed(page);
}

INLINE Value *make(PyTypeObject *type, double data, int code, int flags)
{
    Value *v = type == value_type ? take_node() : (Value *)type->tp_alloc(type, 0);
    if (!v)
        return NULL;
    if (type == value_type)
        Py_SET_REFCNT((PyObject *)v, 1);
    v->data = data;
    v->grad = 0.0;
    if (code == AG_leaf)
        v->a.time = 0;
    set_time(v, code == AG_leaf ? 0 : ticks);
    v->code = (uint8_t)code;
    v->flags = (uint8_t)flags;
    v->weakrefs = NULL;
    return v;
}

/* A node's Extra, if it has one. */
INLINE Extra *extra(const Value *v) { return v->flags & EXTRA ? v->b.extra : NULL; }

INLINE Operand second(const Value *v) { return v->flags & EXTRA ? v->b.extra->b : v->b; }

/* A node's Extra, which it gets if it has none; NULL without memory. */
static Extra *extra_of(Value *v)
{
    if (v->flags & EXTRA)
        return v->b.extra;
    Extra *e = PyMem_Calloc(1, sizeof(Extra));
    if (!e)
        return (Extra *)PyErr_NoMemory();
    e->b = v->b;
    v->b.extra = e;
    v->flags |= EXTRA;
    return e;
}

#include "cycles.h"

/* Make v hold these inputs, and weights or NULL. Steals both. */
static void set_wide(Value *v, PyObject *weights, PyObject *inputs)
{
    v->a.tuple = weights;
    v->b.tuple = inputs;
    v->flags |= WIDE;
}

/* Give up one reference; a node that dies by it joins the list of those to free. */
static inline void drop(PyObject *o, Value **dying)
{
    if (Py_TYPE(o) == value_type && Py_REFCNT(o) == 1) {
        Py_SET_REFCNT(o, 0);
        memcpy(&((Value *)o)->grad, dying, sizeof *dying);      /* its derivative is of no more use */
        *dying = (Value *)o;
        FETCH((Value *)o - AHEAD);
    } else {
        Py_DECREF(o);
    }
}

static void drop_tuple(PyObject *tuple, Value **dying)
{
    if (tuple && Py_REFCNT(tuple) == 1) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
            PyObject *x = PyTuple_GET_ITEM(tuple, i);
            PyTuple_SET_ITEM(tuple, i, Py_NewRef(Py_None));
            drop(x, dying);
        }
    }
    Py_XDECREF(tuple);
}

/* What few nodes have: tuples, an Extra. It leaves the node with nothing but plain a and b. */
static void drop_rest(Value *v, Value **dying)
{
    Extra *e = extra(v);
    if (e) {
        v->b = e->b;
        if (e->grad) {
            unlist_extra(e);
            drop(e->grad, dying);
        }
        if (e->name)                    /* which may be anything, also a Value */
            drop(e->name, dying);
        Py_XDECREF(e->op);
        Py_XDECREF(e->params);
        PyMem_Free(e);
    }
    if (v->flags & WIDE) {
        drop_tuple(v->b.tuple, dying);
        drop_tuple(v->a.tuple, dying);
    }
}

/* A loop and not a recursion: a graph of any depth dies on a small stack. */
static void value_dealloc(PyObject *self)
{
    Value *dying = NULL, *v = (Value *)self;
    for (;;) {
        PyTypeObject *type = Py_TYPE(v);
        if (v->weakrefs)
            PyObject_ClearWeakRefs((PyObject *)v);
        if (v->flags & (WIDE | EXTRA))
            drop_rest(v, &dying);
        Value *next = NULL;                     /* its second input, if that dies too: it need not wait in the list */
        if (v->flags & A_NODE)
            drop((PyObject *)v->a.node, &dying);
        if (v->flags & B_NODE) {
            next = v->b.node;
            if (Py_TYPE(next) == value_type && Py_REFCNT(next) == 1) {
                Py_SET_REFCNT((PyObject *)next, 0);
            } else {
                Py_DECREF(next);
                next = NULL;
            }
        }
        if (type != value_type) {
            type->tp_free(v);
            Py_DECREF(type);
        } else {
            give_node(v);
        }
        if (next) {
            v = next;
        } else if (dying) {
            v = dying;
            memcpy(&dying, &v->grad, sizeof dying);
        } else {
            return;
        }
    }
}

/* --- operands ------------------------------------------------------------------------------- */

/* foreign: of NumPy's, a bool, or a constant leaf */
typedef struct { double number; Value *node; int is_int, foreign; } Given;

/* 1 if o is one of NumPy's numbers, or a bool, else 0; never an exception. */
static int scalar(PyObject *o, double *into)
{
    Py_ssize_t n = PyTuple_GET_SIZE(scalars), i = 0;
    while (i < n && PyTuple_GET_ITEM(scalars, i) != (PyObject *)Py_TYPE(o))
        i++;
    PyObject *number = i < n ? PyNumber_Float(o) : NULL;
    if (!number) {
        PyErr_Clear();
        return 0;
    }
    *into = PyFloat_AS_DOUBLE(number);
    Py_DECREF(number);
    return 1;
}

INLINE int is_constant(const Value *v) { return v->flags & CONSTANT && v->code == AG_leaf; }

/* A Value as an operand: a constant leaf is a number. */
INLINE void given_value(Value *v, Given *into)
{
    into->number = v->data;
    into->foreign = is_constant(v);
    into->node = into->foreign ? NULL : v;
}

/* 1 if o is a Value or a number that a double holds exactly, else 0; never an exception. */
INLINE int given(PyObject *o, Given *into)
{
    into->number = 0.0;
    into->node = NULL;
    into->is_int = into->foreign = 0;
    if (Py_TYPE(o) == value_type) {
        given_value((Value *)o, into);
    } else if (PyFloat_CheckExact(o)) {
        into->number = PyFloat_AS_DOUBLE(o);
    } else if (PyLong_CheckExact(o)) {
        int overflow;
        long long n = PyLong_AsLongLongAndOverflow(o, &overflow);
        if (overflow || n > (1LL << 53) || n < -(1LL << 53))
            return 0;
        into->number = (double)n;
        into->is_int = 1;
    } else if (PyFloat_Check(o)) {
        into->number = PyFloat_AS_DOUBLE(o);
        into->foreign = 1;
    } else if (PyType_IsSubtype(Py_TYPE(o), value_type)) {
        given_value((Value *)o, into);
    } else {
        return into->foreign = scalar(o, &into->number);
    }
    return 1;
}

/* What a node keeps of an operand; a Value gets one reference more. */
INLINE Operand keep(const Given *x)
{
    Operand kept;
    if (x->node) {
        Py_INCREF(x->node);
        kept.node = x->node;
    } else {
        kept.number = x->number;
    }
    return kept;
}

INLINE int flags_of(const Given *x, int node, int integer) { return x->node ? node : x->is_int ? integer : 0; }

/* The node of what an op gives: it still lacks its inputs, unless it is a leaf because nothing is recorded. */
INLINE Value *result(double data, int code, int flags)
{
    int leaf = silent();
    return leaf == FAILED ? NULL : make(value_type, data, leaf ? AG_leaf : code, leaf ? 0 : flags);
}

/* What an op makes of constants alone. */
INLINE Value *computed(double data) { return make(value_type, data, AG_leaf, CONSTANT | COMPUTED); }

INLINE PyObject *binary(int code, PyObject *left, PyObject *right)
{
    Given x, y;
    if (modes == OTHER_MODES || !given(left, &x) || !given(right, &y))
        return PyObject_CallFunctionObjArgs(slow_operator, ops[code], left, right, NULL);
    int flags = flags_of(&x, A_NODE, A_INT) | flags_of(&y, B_NODE, B_INT);
    double z = forward(code, x.number, y.number, 0.0);
    Value *v = flags & (A_NODE | B_NODE) ? result(z, code, flags) : computed(z);
    if (!v || v->code == AG_leaf)
        return (PyObject *)v;
    v->a = keep(&x);
    v->b = keep(&y);
    return (PyObject *)v;
}

INLINE PyObject *unary(int code, PyObject *self)
{
    if (modes == OTHER_MODES)
        return PyObject_CallFunctionObjArgs(ops[code], self, NULL);
    Value *x = (Value *)self;
    double z = forward(code, x->data, 0.0, 0.0);
    Value *v = is_constant(x) ? computed(z) : result(z, code, A_NODE);
    if (!v || v->code == AG_leaf)
        return (PyObject *)v;
    Py_INCREF(x);
    v->a.node = x;
    return (PyObject *)v;
}

/* Operators. The calls with a constant code are folded: each is one op's case of the switch. */
static PyObject *nb_add(PyObject *x, PyObject *y) { return binary(AG_add, x, y); }
static PyObject *nb_subtract(PyObject *x, PyObject *y) { return binary(AG_subtract, x, y); }
static PyObject *nb_multiply(PyObject *x, PyObject *y) { return binary(AG_multiply, x, y); }
static PyObject *nb_divide(PyObject *x, PyObject *y) { return binary(AG_divide, x, y); }
static PyObject *nb_remainder(PyObject *x, PyObject *y) { return binary(AG_remainder, x, y); }
static PyObject *nb_negative(PyObject *x) { return unary(AG_negative, x); }
static PyObject *nb_absolute(PyObject *x) { return unary(AG_absolute, x); }
static PyObject *nb_power(PyObject *x, PyObject *y, PyObject *modulus)
{
    if (modulus != Py_None)
        return PyObject_CallFunctionObjArgs(slow_operator, ops[AG_power], x, y, modulus, NULL);
    return binary(AG_power, x, y);
}
static int nb_bool(PyObject *x) { return ((Value *)x)->data != 0.0; }

#define AG_UNARY
#define X(name) static PyObject *method_##name(PyObject *x, PyObject *Py_UNUSED(none)) { return unary(AG_##name, x); }
#include "rules.h"
#undef X
#undef AG_UNARY

/* What np.sin(v) and np.float64(2) * v come to. */
static PyObject *value_array_ufunc(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *keywords)
{
    if (modes != OTHER_MODES && !keywords && (n == 3 || n == 4) && PyUnicode_Check(args[1]) &&
        PyUnicode_CompareWithASCIIString(args[1], "__call__") == 0) {
        PyObject *op = PyDict_GetItemWithError(ufuncs, args[0]), *known = op ? PyDict_GetItemWithError(codes, op) : NULL;
        if (!known && PyErr_Occurred())
            return NULL;
        int code = known ? (int)PyLong_AsLong(known) : AG_other;
        Given x, y;
        if (code < AG_table_end && op_arity[code] == n - 2 && !op_parameter[code][0] &&
            (n == 3 ? is_value(args[2]) : given(args[2], &x) && given(args[3], &y)))
            return n == 3 ? unary(code, args[2]) : binary(code, args[2], args[3]);
    }
    Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    PyObject **all = PyMem_Malloc((size_t)(n + named + 1) * sizeof *all), *answer;
    if (!all)
        return PyErr_NoMemory();
    all[0] = self;
    memcpy(all + 1, args, (size_t)(n + named) * sizeof *all);
    answer = PyObject_Vectorcall(slow_ufunc, all, (size_t)n + 1, keywords);
    PyMem_Free(all);
    return answer;
}

static PyObject *value_richcompare(PyObject *self, PyObject *other, int how)
{
    double x = ((Value *)self)->data, y;
    if (is_value(other))
        y = ((Value *)other)->data;
    else if (PyFloat_CheckExact(other))
        y = PyFloat_AS_DOUBLE(other);
    else {
        PyObject *number = PyFloat_FromDouble(x);
        PyObject *answer = number ? PyObject_RichCompare(number, other, how) : NULL;
        Py_XDECREF(number);
        return answer;
    }
    Py_RETURN_RICHCOMPARE(x, y, how);
}

static Py_hash_t value_hash(PyObject *self)
{
    return (Py_hash_t)((uintptr_t)self >> 4);       /* by identity; never -1 */
}

/* --- nodes as Python asks for them ------------------------------------------------------------ */

/* The code of an op whose inputs fit in the node itself, or in a tuple of Values and numbers; else AG_other. */
static int code_of(PyObject *op, PyObject *inputs, PyObject *params, double *parameter)
{
    PyObject *known = PyDict_GetItemWithError(codes, op);
    if (!known)
        return AG_other;
    int code = (int)PyLong_AsLong(known);
    Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    if (code < AG_table_end ? n != op_arity[code] : n == 0 || (code == AG_weighted_sum && n % 2 == 0))
        return AG_other;
    int kept = code >= AG_table_end || op_arity[code] > 2;      /* the tuple itself, of Python's own floats */
    for (Py_ssize_t i = 0; i < n; i++) {
        Given x;
        if (!given(PyTuple_GET_ITEM(inputs, i), &x) || (kept && x.foreign))
            return AG_other;
    }
    if (op_parameter[code][0]) {
        PyObject *p = PyDict_GetItemString(params, op_parameter[code]);
        Given y;
        if (!p || is_value(p) || !given(p, &y) || y.is_int)
            return AG_other;
        *parameter = y.number;
    }
    return code;
}

/* `given` of what a node has recorded: a leaf that was fixed later is a node there still. */
static void recorded(PyObject *o, Given *into)
{
    given(o, into);
    if (is_value(o))
        into->node = (Value *)o;
}

/* A node made by `op`. Steals nothing. */
static PyObject *node_of(PyTypeObject *type, double data, PyObject *op, PyObject *inputs, PyObject *params)
{
    if (op == Py_None)
        return (PyObject *)make(type, data, AG_leaf, 0);
    double parameter = 0.0;
    int code = code_of(op, inputs, params, &parameter);
    if (PyErr_Occurred())
        return NULL;
    Value *v = make(type, data, code, 0);
    if (!v)
        return NULL;
    if (code < AG_table_end && op_arity[code] <= 2) {
        Given x, y = {.number = parameter};
        recorded(PyTuple_GET_ITEM(inputs, 0), &x);
        if (op_arity[code] == 2)
            recorded(PyTuple_GET_ITEM(inputs, 1), &y);
        v->flags = (uint8_t)(flags_of(&x, A_NODE, A_INT) | flags_of(&y, B_NODE, B_INT));
        v->a = keep(&x);
        v->b = keep(&y);
        return (PyObject *)v;
    }
    if (code == AG_weighted_sum) {
        Py_ssize_t n = PyTuple_GET_SIZE(inputs) / 2;
        PyObject *weights = PyTuple_GetSlice(inputs, 0, n + 1), *xs = PyTuple_GetSlice(inputs, n, 2 * n);
        if (weights && xs) {
            Py_SETREF(PyTuple_GET_ITEM(weights, n), Py_NewRef(PyTuple_GET_ITEM(inputs, 2 * n)));
            set_wide(v, weights, xs);
            return (PyObject *)v;
        }
        Py_XDECREF(weights);
        Py_XDECREF(xs);
        Py_DECREF(v);
        return NULL;
    }
    set_wide(v, NULL, Py_NewRef(inputs));
    if (code == AG_other) {
        Extra *e = extra_of(v);
        if (!e) {
            Py_DECREF(v);
            return NULL;
        }
        e->op = Py_NewRef(op);
        e->params = Py_NewRef(params);
    }
    return (PyObject *)v;
}

static PyObject *value_made(PyObject *type, PyObject *args)
{
    double data;
    PyObject *op, *inputs, *params;
    if (!PyArg_ParseTuple(args, "dOO!O!:_made", &data, &op, &PyTuple_Type, &inputs, &PyDict_Type, &params))
        return NULL;
    return node_of((PyTypeObject *)type, data, op, inputs, params);
}

/* A sequence as a tuple; a number of NumPy's or a constant leaf in it becomes a float, as a node keeps its constants. */
static PyObject *operands(PyObject *sequence)
{
    PyObject *tuple = PySequence_Tuple(sequence), *plain;
    Py_ssize_t n = tuple ? PyTuple_GET_SIZE(tuple) : 0, i = 0;
    Given x;
    while (i < n && !(given(PyTuple_GET_ITEM(tuple, i), &x) && x.foreign))
        i++;
    if (i == n)
        return tuple;
    plain = PyTuple_New(n);
    for (i = 0; plain && i < n; i++) {
        PyObject *o = PyTuple_GET_ITEM(tuple, i);
        o = given(o, &x) && x.foreign ? PyFloat_FromDouble(x.number) : Py_NewRef(o);
        if (o)
            PyTuple_SET_ITEM(plain, i, o);
        else
            Py_CLEAR(plain);
    }
    Py_DECREF(tuple);
    return plain;
}

/* apply(op, inputs, params): the node, or None where this engine has no code for it. */
static PyObject *core_apply(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    if (n != 3 || !PyTuple_CheckExact(args[1]) || !PyDict_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError, "apply(op, inputs, params)");
        return NULL;
    }
    double parameter = 0.0;
    int code = modes == OTHER_MODES ? AG_other : code_of(args[0], args[1], args[2], &parameter);
    if (PyErr_Occurred())
        return NULL;
    if (code >= AG_table_end || PyTuple_GET_SIZE(args[1]) != op_arity[code])
        Py_RETURN_NONE;
    Given x[3] = {{0}};
    for (int i = 0; i < op_arity[code]; i++)
        given(PyTuple_GET_ITEM(args[1], i), &x[i]);
    double z = forward(code, x[0].number, op_arity[code] == 1 ? parameter : x[1].number, x[2].number);
    if (!x[0].node && !x[1].node && !x[2].node)
        return (PyObject *)computed(z);
    int leaf = silent();
    PyObject *inputs = leaf == FAILED ? NULL
        : x[0].foreign || x[1].foreign || x[2].foreign ? operands(args[1]) : Py_NewRef(args[1]);
    PyObject *node = inputs ? node_of(value_type, z, leaf ? Py_None : args[0], inputs, args[2]) : NULL;
    Py_XDECREF(inputs);
    return node;
}

/* Whether every item of a tuple is a Value or a number of Python's; `any` is set if one is a Value. */
static int all_given(PyObject *tuple, int *any)
{
    Given x;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        if (!given(PyTuple_GET_ITEM(tuple, i), &x) || x.foreign)
            return 0;
        *any |= x.node != NULL;
    }
    return 1;
}

static inline double number_at(PyObject *tuple, Py_ssize_t i)
{
    PyObject *o = PyTuple_GET_ITEM(tuple, i);
    Given x;
    if (Py_TYPE(o) == value_type)
        return ((Value *)o)->data;
    given(o, &x);
    return x.number;
}

/* sum_of(values): a node, or None if something among them is no Value or number. */
static PyObject *core_sum_of(PyObject *Py_UNUSED(module), PyObject *values)
{
    PyObject *inputs = operands(values);
    int any = 0;
    if (!inputs)
        return NULL;
    if (modes == OTHER_MODES || !all_given(inputs, &any) || !any) {
        Py_DECREF(inputs);
        Py_RETURN_NONE;
    }
    double z = number_at(inputs, 0);
    for (Py_ssize_t i = 1; i < PyTuple_GET_SIZE(inputs); i++)
        z += number_at(inputs, i);
    Value *v = result(z, AG_sum_of, 0);
    if (!v || v->code == AG_leaf)
        Py_DECREF(inputs);
    else
        set_wide(v, NULL, inputs);
    return (PyObject *)v;
}

/* The node b + w1 x1 + w2 x2 + ... of (w1 .. wn, b) and (x1 .. xn): it shares the tuples with the others of its
   layer. */
static Value *weighted_sum(PyObject *unit, PyObject *inputs)
{
    Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    double z = number_at(unit, n);
    for (Py_ssize_t i = 0; i < n; i++)
        z += number_at(unit, i) * number_at(inputs, i);
    Value *v = result(z, AG_weighted_sum, 0);
    if (v && v->code != AG_leaf)
        set_wide(v, Py_NewRef(unit), Py_NewRef(inputs));
    return v;
}

/* weighted_sum([w1 .. wn, b], [x1 .. xn]): a node, or None if this engine cannot make it. */
static PyObject *core_weighted_sum(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    if (n != 2) {
        PyErr_SetString(PyExc_TypeError, "weighted_sum(unit, inputs)");
        return NULL;
    }
    PyObject *unit = operands(args[0]), *inputs = unit ? operands(args[1]) : NULL, *v = NULL;
    int any = 0;
    if (inputs) {
        if (modes != OTHER_MODES && PyTuple_GET_SIZE(unit) == PyTuple_GET_SIZE(inputs) + 1 && all_given(unit, &any) &&
            all_given(inputs, &any) && any)
            v = (PyObject *)weighted_sum(unit, inputs);
        else
            v = Py_NewRef(Py_None);
    }
    Py_XDECREF(unit);
    Py_XDECREF(inputs);
    return v;
}

/* Whether the items of a tuple are tuples of Values and numbers, each of this many. */
static int all_tuples(PyObject *tuple, Py_ssize_t size, int *any)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        if (!PyTuple_CheckExact(item) || PyTuple_GET_SIZE(item) != size || !all_given(item, any))
            return 0;
    }
    return 1;
}

/* layer(units, rows, n): for each row (x1 .. xn) the weighted sum of each unit (w1 .. wn, b), in one list;
   None if this engine cannot make them. All are tuples of tuples. */
static PyObject *core_layer(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *units, *rows;
    Py_ssize_t n;
    int any = 0;
    if (!PyArg_ParseTuple(args, "O!O!n", &PyTuple_Type, &units, &PyTuple_Type, &rows, &n))
        return NULL;
    if (modes == OTHER_MODES || !all_tuples(units, n + 1, &any) || !all_tuples(rows, n, &any))
        Py_RETURN_NONE;
    Py_ssize_t outputs = PyTuple_GET_SIZE(units), size = outputs * PyTuple_GET_SIZE(rows);
    PyObject *result = PyList_New(size);
    for (Py_ssize_t i = 0; result && i < size; i++) {
        Value *v = weighted_sum(PyTuple_GET_ITEM(units, i % outputs), PyTuple_GET_ITEM(rows, i / outputs));
        if (v)
            PyList_SET_ITEM(result, i, (PyObject *)v);
        else
            Py_CLEAR(result);
    }
    return result;
}

/* each(op, values): the list of op(v) for a list of exact Values and an op of one input; else None. */
static PyObject *core_each(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    PyObject *known;
    if (n != 2 || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "each(op, list)");
        return NULL;
    }
    known = PyDict_GetItemWithError(codes, args[0]);
    if (!known && PyErr_Occurred())
        return NULL;
    int code = known ? (int)PyLong_AsLong(known) : AG_other;
    if (modes == OTHER_MODES || code >= AG_table_end || op_arity[code] != 1 || op_parameter[code][0])
        Py_RETURN_NONE;
    Py_ssize_t size = PyList_GET_SIZE(args[1]);
    for (Py_ssize_t i = 0; i < size; i++)
        if (Py_TYPE(PyList_GET_ITEM(args[1], i)) != value_type)
            Py_RETURN_NONE;
    PyObject *result = PyList_New(size);
    for (Py_ssize_t i = 0; result && i < size; i++) {
        PyObject *v = unary(code, PyList_GET_ITEM(args[1], i));
        if (v)
            PyList_SET_ITEM(result, i, v);
        else
            Py_CLEAR(result);
    }
    return result;
}

/* --- attributes ------------------------------------------------------------------------------- */

static int refuse_delete(const char *name)
{
    PyErr_Format(PyExc_AttributeError, "%s cannot be deleted", name);
    return -1;
}

static int number_from(PyObject *o, double *into)
{
    if (PyFloat_CheckExact(o)) {
        *into = PyFloat_AS_DOUBLE(o);
        return 0;
    }
    if (PyLong_CheckExact(o)) {
        *into = PyLong_AsDouble(o);
        if (*into != -1.0 || !PyErr_Occurred())
            return 0;
        PyErr_Clear();                                  /* it is too large; Python says so in words */
    } else if (scalar(o, into)) {
        return 0;
    }
    PyObject *converted = PyObject_CallFunctionObjArgs(to_number, o, NULL);
    if (!converted)
        return -1;
    *into = PyFloat_AsDouble(converted);
    Py_DECREF(converted);
    return 0;
}

static PyObject *get_data(PyObject *self, void *Py_UNUSED(closure))
{
    return PyFloat_FromDouble(((Value *)self)->data);
}

static void assign(Value *v, double number)
{
    v->data = number;
    v->a.time = ++ticks;
}

static int set_data(PyObject *self, PyObject *o, void *Py_UNUSED(closure))
{
    double number;
    if (!o)
        return refuse_delete("data");
    if (((Value *)self)->code != AG_leaf) {
        Py_XDECREF(PyObject_CallOneArg(refuse_data, self));
        return -1;
    }
    if (number_from(o, &number) < 0)
        return -1;
    assign((Value *)self, number);
    return 0;
}

/* _time: when an op made the node, or when the number of a leaf was assigned. */
static PyObject *get_time(PyObject *self, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    return PyLong_FromUnsignedLongLong(v->code == AG_leaf ? v->a.time : time_of(v));
}

static int set_time_from(PyObject *self, PyObject *o, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    if (!o)
        return refuse_delete("_time");
    unsigned long long time = PyLong_AsUnsignedLongLong(o);
    if (PyErr_Occurred())
        return -1;
    if (v->code == AG_leaf)
        v->a.time = time;
    else
        set_time(v, time);
    return 0;
}

/* _call: of a leaf, the call of the transform that made it: see variables.py. */
static PyObject *get_call(PyObject *self, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    return PyLong_FromUnsignedLongLong(v->code == AG_leaf ? time_of(v) : 0);
}

static int set_call(PyObject *self, PyObject *o, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    if (!o)
        return refuse_delete("_call");
    unsigned long long call = PyLong_AsUnsignedLongLong(o);
    if (PyErr_Occurred())
        return -1;
    if (v->code == AG_leaf)
        set_time(v, call);
    return 0;
}

/* grad: 0.0 before any backward; _grad (closure set): None then. */
static PyObject *get_grad(PyObject *self, void *raw)
{
    Value *v = (Value *)self;
    Extra *e = extra(v);
    if (e && e->grad)
        return Py_NewRef(e->grad);
    if (v->flags & HAS_GRAD)
        return PyFloat_FromDouble(v->grad);
    if (raw)
        Py_RETURN_NONE;
    return PyFloat_FromDouble(0.0);
}

/* What may become a gradient: None, a node or a number, which is converted and may run Python. A node has a place then,
   the node's Extra. */
static int gradient_from(Value *v, PyObject *o, double *into)
{
    *into = 0.0;
    if (is_value(o))
        return extra_of(v) ? 0 : -1;
    return o == Py_None ? 0 : number_from(o, into);
}

static void put_grad(Value *v, PyObject *o, double number)
{
    Extra *e = extra(v);
    PyObject *before = e ? e->grad : NULL;
    if (e)
        e->grad = is_value(o) ? Py_NewRef(o) : NULL;
    if (e && e->grad && !before)
        list_extra(e, v);
    if (e && !e->grad && before)
        unlist_extra(e);
    v->grad = number;
    v->flags = (uint8_t)(o == Py_None ? v->flags & ~HAS_GRAD : v->flags | HAS_GRAD);
    Py_XDECREF(before);
}

static int set_grad(PyObject *self, PyObject *o, void *raw)
{
    double number;
    if (!o)
        return refuse_delete("grad");
    if (!raw && o != Py_None && is_constant((Value *)self)) {
        Py_XDECREF(PyObject_CallOneArg(refuse_grad, self));
        return -1;
    }
    if (gradient_from((Value *)self, o, &number) < 0)
        return -1;
    put_grad((Value *)self, o, number);
    return 0;
}

/* _swap_grad(before, after): set the gradient if it is still `before`, and say whether: one step for other threads. */
static PyObject *value_swap_grad(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    Value *v = (Value *)self;
    double number;
    if (n != 2) {
        PyErr_SetString(PyExc_TypeError, "_swap_grad(before, after)");
        return NULL;
    }
    if (gradient_from(v, args[1], &number) < 0)
        return NULL;
    if (is_constant(v))                                 /* it was fixed meanwhile, and has no gradient */
        Py_RETURN_TRUE;
    Extra *e = extra(v);
    int same = args[0] == Py_None;
    if (e && e->grad)
        same = args[0] == e->grad;
    else if (v->flags & HAS_GRAD)
        same = PyFloat_CheckExact(args[0]) && memcmp(&PyFloat_AS_DOUBLE(args[0]), &v->grad, sizeof v->grad) == 0;
    if (same)
        put_grad(v, args[1], number);
    return PyBool_FromLong(same);
}

static PyObject *get_has_grad(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((Value *)self)->flags & HAS_GRAD);
}

static PyObject *get_is_leaf(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((Value *)self)->code == AG_leaf);
}

/* _fixed: FREE, FIXED or COMPUTED of core/fixed.py. */
static PyObject *get_fixed(PyObject *self, void *Py_UNUSED(closure))
{
    const Value *v = (Value *)self;
    return PyLong_FromLong(!is_constant(v) ? 0 : v->flags & COMPUTED ? 2 : 1);
}

static int set_fixed(PyObject *self, PyObject *o, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    if (!o)
        return refuse_delete("_fixed");
    long fixed = PyLong_AsLong(o);
    if (PyErr_Occurred())
        return -1;
    if (v->code != AG_leaf || fixed < 0 || fixed > 2) {
        PyErr_SetString(PyExc_ValueError, "_fixed is 0, 1 or 2, and that of a leaf");
        return -1;
    }
    v->flags = (uint8_t)((v->flags & ~(CONSTANT | COMPUTED)) | (fixed > 0 ? CONSTANT : 0) | (fixed > 1 ? COMPUTED : 0));
    return 0;
}

static PyObject *get_op(PyObject *self, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    if (v->code == AG_leaf)
        Py_RETURN_NONE;
    return Py_NewRef(v->code == AG_other ? v->b.extra->op : ops[v->code]);
}

static PyObject *operand_object(Operand x, int flags, int is_node, int is_int)
{
    if (flags & is_node)
        return Py_NewRef((PyObject *)x.node);
    return flags & is_int ? PyLong_FromLongLong((long long)x.number) : PyFloat_FromDouble(x.number);
}

static PyObject *get_inputs(PyObject *self, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    if (v->code == AG_leaf)
        return PyTuple_New(0);
    Operand b = second(v);
    if (v->code == AG_weighted_sum) {                   /* w1 .. wn, x1 .. xn, b */
        Py_ssize_t n = PyTuple_GET_SIZE(b.tuple);
        PyObject *all = PyTuple_New(2 * n + 1);
        for (Py_ssize_t i = 0; all && i < n; i++) {
            PyTuple_SET_ITEM(all, i, Py_NewRef(PyTuple_GET_ITEM(v->a.tuple, i)));
            PyTuple_SET_ITEM(all, n + i, Py_NewRef(PyTuple_GET_ITEM(b.tuple, i)));
        }
        if (all)
            PyTuple_SET_ITEM(all, 2 * n, Py_NewRef(PyTuple_GET_ITEM(v->a.tuple, n)));
        return all;
    }
    if (v->flags & WIDE)
        return Py_NewRef(b.tuple);
    int n = op_arity[v->code];
    PyObject *inputs = PyTuple_New(n);
    if (!inputs)
        return NULL;
    PyObject *x = operand_object(v->a, v->flags, A_NODE, A_INT);
    if (x)
        PyTuple_SET_ITEM(inputs, 0, x);
    if (x && n == 2 && (x = operand_object(b, v->flags, B_NODE, B_INT)))
        PyTuple_SET_ITEM(inputs, 1, x);
    if (!x)
        Py_CLEAR(inputs);
    return inputs;
}

static PyObject *get_params(PyObject *self, void *Py_UNUSED(name))
{
    Value *v = (Value *)self;
    if (v->code == AG_other)
        return Py_NewRef(v->b.extra->params);
    if (op_parameter[v->code][0])
        return Py_BuildValue("{s:d}", op_parameter[v->code], second(v).number);
    return Py_NewRef(nothing);
}

static PyObject *get_name(PyObject *self, void *Py_UNUSED(closure))
{
    Extra *e = extra((Value *)self);
    return Py_NewRef(e && e->name ? e->name : Py_None);
}

static int set_name(PyObject *self, PyObject *o, void *Py_UNUSED(closure))
{
    Value *v = (Value *)self;
    if (!o)
        return refuse_delete("name");
    if (o == Py_None && !extra(v))
        return 0;
    Extra *e = extra_of(v);
    if (!e)
        return -1;
    PyObject *before = e->name;
    e->name = o == Py_None ? NULL : Py_NewRef(o);
    Py_XDECREF(before);
    return 0;
}

/* --- Value(data, name=None) -------------------------------------------------------------------- */

/* A leaf without a number yet: __init__ gives it one, so a subclass may take arguments of its own. */
static PyObject *value_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    return (PyObject *)make(type, 0.0, AG_leaf, 0);
}

static int initialize(PyObject *self, PyObject *data, PyObject *name)
{
    double number;
    if (number_from(data, &number) < 0 || set_grad(self, Py_None, NULL) < 0)
        return -1;
    ((Value *)self)->data = number;
    ((Value *)self)->flags &= (uint8_t)~(CONSTANT | COMPUTED);
    return set_name(self, name, NULL);
}

static int value_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"data", "name", NULL};
    PyObject *data, *name = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:Value", names, &data, &name))
        return -1;
    if (((Value *)self)->code != AG_leaf) {
        PyErr_SetString(PyExc_TypeError, "this Value was made by an op and cannot be initialized again");
        return -1;
    }
    if (initialize(self, data, name) < 0)
        return -1;
    assign((Value *)self, ((Value *)self)->data);       /* it may be a leaf that has been used */
    return 0;
}

/* Value(...) itself, without the tuple and dict of arguments in the usual cases. */
static PyObject *value_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Py_ssize_t n = PyVectorcall_NARGS(nargsf), named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    PyObject *v = (PyObject *)make((PyTypeObject *)type, 0.0, AG_leaf, 0);
    int failed;
    if (!v)
        return NULL;
    if (n == 1 && !named) {
        failed = initialize(v, args[0], Py_None);
    } else if (n == 1 && named == 1 &&
               PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "name") == 0) {
        failed = initialize(v, args[0], args[1]);
    } else {
        PyObject *tuple = PyTuple_New(n), *dict = PyDict_New();
        failed = tuple && dict ? 0 : -1;
        for (Py_ssize_t i = 0; !failed && i < n; i++)
            PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
        for (Py_ssize_t i = 0; !failed && i < named; i++)
            failed = PyDict_SetItem(dict, PyTuple_GET_ITEM(kwnames, i), args[n + i]);
        failed = failed ? failed : value_init(v, tuple, dict);
        Py_XDECREF(tuple);
        Py_XDECREF(dict);
    }
    if (failed)
        Py_CLEAR(v);
    return v;
}

/* --- backward ------------------------------------------------------------------------------- */

/* A list of nodes. It is handed to `grown` by value, so that the compiler may keep it in registers. */
typedef struct { Value **items; size_t size, room; } Nodes;

/* The list with room for more, or as it is if there is no memory. */
static Nodes grown(Nodes s, size_t more)
{
    size_t room = 2 * s.room + more + 256;
    Value **items = PyMem_RawRealloc(s.items, room * sizeof *items);
    return items ? (Nodes){items, s.size, room} : s;
}

INLINE int reserve(Nodes *s, size_t more)
{
    if (s->room - s->size < more)
        *s = grown(*s, more);
    return s->room - s->size < more ? -1 : 0;
}

INLINE void push(Nodes *s, Value *v) { s->items[s->size++] = v; }

/* A node on the stack whose inputs are entered before it is reached again. */
#define ENTERED(v) ((Value *)((uintptr_t)(v) | 1))
#define IS_ENTERED(v) ((uintptr_t)(v) & 1)

/* Where a walk ends: at leaves, and at nodes made before the time `since`. And whether a leaf was assigned a number after
   a node had used it. */
typedef struct { Nodes met; uint64_t since; int changed; } Ends;

/* 1 if the walk has to enter x, 0 if it was here before or ends here. time: when the node that uses x was made. */
INLINE int meet(Value *x, uint64_t time, Ends *ends)
{
    if (x->code == AG_leaf || time_of(x) < ends->since) {
        ends->changed |= x->code == AG_leaf && x->a.time > time;
        if (!(x->flags & MET)) {
            x->flags |= MET;
            push(&ends->met, x);
        }
        return 0;
    }
    if (x->flags & MET)
        return 0;
    FETCH(x - AHEAD);
    return 1;
}

/* The same for each Value among the items i < n of a tuple, the last first: those to enter go onto the stack. */
INLINE void meet_all(PyObject *tuple, Py_ssize_t from, Py_ssize_t n, uint64_t time, Nodes *stack, Ends *ends)
{
    for (Py_ssize_t i = n; i-- > from;) {
        PyObject *x = PyTuple_GET_ITEM(tuple, i);
        if (is_value(x) && meet((Value *)x, time, ends))
            push(stack, (Value *)x);
    }
}

/* Where the walk has been, as `collect` says; but a node that it gives up at is not in a list. */
INLINE int walk(Value *root, Nodes *stack, Nodes *order, Ends *ends, int clear)
{
    if (reserve(stack, 1) < 0 || reserve(&ends->met, 1) < 0)
        return -1;
    if (meet(root, UINT64_MAX, ends))
        push(stack, root);
    while (stack->size) {
        Value *v = stack->items[--stack->size];
        if (IS_ENTERED(v)) {
            if (reserve(order, 1) < 0)
                return -1;
            push(order, (Value *)((uintptr_t)v & ~(uintptr_t)1));
            continue;
        }
        while (!(v->flags & MET)) {
            int flags = v->flags;
            uint64_t time = time_of(v);
            if (reserve(stack, 2) < 0 || reserve(&ends->met, 2) < 0 || reserve(order, 1) < 0)
                return -1;
            Operand b = v->b;
            if (flags & EXTRA) {
                if (v->code == AG_other || b.extra->grad)
                    return 0;
                b = b.extra->b;
            }
            if (flags & WIDE) {
                size_t n = (size_t)PyTuple_GET_SIZE(b.tuple);
                if (reserve(stack, 2 * n + 2) < 0 || reserve(&ends->met, 2 * n + 1) < 0)
                    return -1;
            }
            if (clear)
                v->grad = -0.0;
            v->flags = (uint8_t)((clear ? flags & ~HAS_GRAD : flags) | MET);
            if (flags & WIDE) {
                Py_ssize_t n = PyTuple_GET_SIZE(b.tuple);
                PyObject *unit = v->a.tuple;
                push(stack, ENTERED(v));
                if (unit)                               /* the last of its inputs is the bias */
                    meet_all(unit, n, n + 1, time, stack, ends);
                meet_all(b.tuple, 0, n, time, stack, ends);
                if (unit)
                    meet_all(unit, 0, n, time, stack, ends);
                break;
            }
            int right = flags & B_NODE && meet(b.node, time, ends);
            int left = flags & A_NODE && meet(v->a.node, time, ends);
            if (!left && !right) {
                push(order, v);
                break;
            }
            push(stack, ENTERED(v));
            if (right)
                push(stack, b.node);
            if (!left)
                break;
            v = v->a.node;
        }
    }
    for (size_t i = 0; i < ends->met.size; i++) {
        Extra *e = extra(ends->met.items[i]);
        if (e && e->grad)
            return 0;
    }
    return ends->changed ? 0 : 1;
}

static void unmeet(const Nodes *list)
{
    for (size_t i = 0; i < list->size; i++)
        ((Value *)((uintptr_t)list->items[i] & ~(uintptr_t)1))->flags &= (uint8_t)~MET;
}

/* The nodes below root, inputs first and left inputs first (node.topological), the ends of the walk apart. With `clear` the
   cotangents of the others are cleared on the way.
   1, and then they are MET until the caller ends it; 0 if a node needs Python (an op without a code, a gradient that is
   a node, a leaf that was assigned a number after it was used); -1 without memory. */
INLINE int collect(Value *root, Nodes *order, Ends *ends, int clear)
{
    Nodes stack = {0};
    int done = walk(root, &stack, order, ends, clear);
    if (done != 1) {
        unmeet(&stack);
        unmeet(order);
        unmeet(&ends->met);
    }
    PyMem_RawFree(stack.items);
    return done;
}

INLINE void receive(Value *x, double part)
{
    x->grad += part;                    /* it started from -0.0, so the first part arrives as it is */
    x->flags |= HAS_GRAD;
}

/* into[i] receives g * factors[i], for i < n. */
static inline void pull_products(PyObject *into, PyObject *factors, Py_ssize_t n, double g)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *x = PyTuple_GET_ITEM(into, i);
        if (is_value(x))
            receive((Value *)x, g == 0.0 ? 0.0 : g * number_at(factors, i));
    }
}

static void pull_many(Value *v, double g)
{
    PyObject *inputs = second(v).tuple, *unit = v->a.tuple;
    Py_ssize_t n = PyTuple_GET_SIZE(inputs), from = 0;
    double part = g == 0.0 ? 0.0 : g;
    if (unit) {
        pull_products(unit, inputs, n, g);
        pull_products(inputs, unit, n, g);
        inputs = unit;                  /* of which the bias is left */
        from = n++;
    }
    for (Py_ssize_t i = from; i < n; i++) {
        PyObject *x = PyTuple_GET_ITEM(inputs, i);
        if (is_value(x))
            receive((Value *)x, part);
    }
}

/* The cotangents of the inputs x, y, w that are nodes, a, b, c. Where g is exactly 0, so are they: no inf or nan
   leaks. */
INLINE void pull_by_rule(int code, double g, double z, double x, double y, double w, Value *a, Value *b, Value *c)
{
#define AG_BACKWARD
#define A(part) if (a) receive(a, GIVEN(part));
#define B(part) if (b) receive(b, GIVEN(part));
#define W(part) if (c) receive(c, GIVEN(part));
    if (g != 0.0) {
        switch (code) {
#define GIVEN(part) (part)
#include "rules.h"
#undef GIVEN
        }
    } else {
        switch (code) {
#define GIVEN(part) 0.0
#include "rules.h"
#undef GIVEN
        }
    }
#undef A
#undef B
#undef W
#undef AG_BACKWARD
}

/* The operands of a node whose inputs are in a tuple. */
static inline Value *wide(PyObject *inputs, Py_ssize_t i, double *number)
{
    Given x;
    given(PyTuple_GET_ITEM(inputs, i), &x);
    *number = x.number;
    return x.node;
}

/* `pull` of the few nodes that have a tuple or an Extra. */
static void pull_rest(Value *v)
{
    double x = 0.0, y = 0.0, w = 0.0;
    Value *a = NULL, *b = NULL, *c = NULL;
    Operand right = second(v);
    if (v->code >= AG_table_end) {
        pull_many(v, v->grad);
        return;
    }
    if (v->flags & WIDE) {
        a = wide(right.tuple, 0, &x);
        b = wide(right.tuple, 1, &y);
        c = wide(right.tuple, 2, &w);
    } else {
        a = v->flags & A_NODE ? v->a.node : NULL;
        b = v->flags & B_NODE ? right.node : NULL;
        x = a ? a->data : v->a.number;
        y = b ? b->data : right.number;
    }
    pull_by_rule(v->code, v->grad, v->data, x, y, w, a, b, c);
}

/* The cotangents of one node's inputs. */
INLINE void pull(Value *v)
{
    if (v->flags & (WIDE | EXTRA)) {
        pull_rest(v);
        return;
    }
    Value *a = v->flags & A_NODE ? v->a.node : NULL, *b = v->flags & B_NODE ? v->b.node : NULL;
    pull_by_rule(v->code, v->grad, v->data, a ? a->data : v->a.number, b ? b->data : v->b.number, 0.0, a, b, NULL);
}

/* The chain rule from root on; all cotangents are cleared. With `end` the nodes are no longer MET. */
INLINE void sweep(Value *root, double seed, const Nodes *order, int end)
{
    root->grad = seed;
    root->flags |= HAS_GRAD;
    for (size_t i = order->size; i-- > 0;) {
        Value *v = order->items[i];
        FETCH(order->items[i >= 4 ? i - 4 : 0]);
        if (end)
            v->flags &= (uint8_t)~MET;
        if (v->flags & HAS_GRAD)
            pull(v);
    }
}

/* 1 done; 0 Python must do it; -1 no memory. The gradients of the leaves change only if all is done. */
static int backward(Value *root, double seed)
{
    Nodes order = {0};
    Ends ends = {0};
    double *before = NULL;
    uint8_t *had = NULL;
    int done = is_constant(root) ? 0 : collect(root, &order, &ends, 1);
    Value **met = ends.met.items;
    size_t n = ends.met.size;
    if (done == 1) {
        before = PyMem_RawMalloc((n + 1) * sizeof *before);
        had = PyMem_RawMalloc(n + 1);
        if (!before || !had) {
            unmeet(&order);
            unmeet(&ends.met);
            done = -1;
        }
    }
    if (done == 1) {
        for (size_t i = 0; i < n; i++) {
            before[i] = met[i]->grad;
            had[i] = met[i]->flags & HAS_GRAD;
            met[i]->grad = -0.0;
            met[i]->flags &= (uint8_t)~(HAS_GRAD | MET);
        }
        sweep(root, seed, &order, 1);
        for (size_t i = 0; i < n; i++) {
            Value *v = met[i];
            if (v->flags & CONSTANT)                    /* it was fixed after the graph was made, and has no gradient */
                v->flags &= (uint8_t)~HAS_GRAD;
            else if (had[i] && v->flags & HAS_GRAD)
                v->grad = before[i] + v->grad;
            else if (had[i]) {
                v->grad = before[i];
                v->flags |= HAS_GRAD;
            }
        }
    }
    PyMem_RawFree(order.items);
    PyMem_RawFree(met);
    PyMem_RawFree(before);
    PyMem_RawFree(had);
    return done;
}

static PyObject *value_backward(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames)
{
    PyObject *seed = n ? args[0] : Py_None, *create_graph = Py_False;
    double number = 1.0;
    if (n > 1) {
        PyErr_SetString(PyExc_TypeError, "backward(seed=None, *, create_graph=False)");
        return NULL;
    }
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, i);
        if (PyUnicode_CompareWithASCIIString(name, "seed") == 0 && !n)
            seed = args[n + i];
        else if (PyUnicode_CompareWithASCIIString(name, "create_graph") == 0)
            create_graph = args[n + i];
        else {
            PyErr_Format(PyExc_TypeError, "backward(seed=None, *, create_graph=False) got %R", name);
            return NULL;
        }
    }
    int general = PyObject_IsTrue(create_graph);
    if (general < 0)
        return NULL;
    if (!general) {
        if (seed != Py_None && number_from(seed, &number) < 0)
            return NULL;
        int done = backward((Value *)self, number);
        if (done < 0)
            return PyErr_NoMemory();
        if (done)
            Py_RETURN_NONE;
    }
    return PyObject_CallFunctionObjArgs(slow_backward, self, seed, general ? Py_True : Py_False, NULL);
}

/* Whether the call that began at the time `since` has made an end of a walk. */
static inline int made_by(const Value *end, uint64_t since) { return end->code == AG_leaf && time_of(end) == since; }

/* cotangents(root, seed, nodes, since, alone): the cotangent of each of these nodes, None where there is none, and no node
   is changed; None if Python must do it. None of the nodes depends on what was made before the time `since`. With `alone`
   it is None too if anything is below the root but what the call has made that began at that time. */
static PyObject *core_cotangents(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    if (n != 5 || !PyList_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError, "cotangents(root, seed, list, time, bool)");
        return NULL;
    }
    Ends ends = {.since = PyLong_AsUnsignedLongLong(args[3])};
    if (PyErr_Occurred())
        return NULL;
    Py_ssize_t wanted = PyList_GET_SIZE(args[2]);
    PyObject *found = PyList_New(wanted);       /* first: it may start the garbage collector, and that anything */
    if (!found)
        return NULL;
    int done = is_value(args[0]) && PyFloat_CheckExact(args[1]) && PyList_GET_SIZE(args[2]) == wanted;
    for (Py_ssize_t i = 0; done && i < wanted; i++)
        done = is_value(PyList_GET_ITEM(args[2], i));
    Nodes order = {0};
    struct { double grad; uint8_t flags; } *before = NULL;
    if (done)
        done = collect((Value *)args[0], &order, &ends, 0);
    size_t size = order.size + ends.met.size;
    int others = 0;
    for (size_t i = 0; done == 1 && args[4] == Py_True && i < ends.met.size; i++)
        others |= !made_by(ends.met.items[i], ends.since);
    if (others) {
        unmeet(&order);
        unmeet(&ends.met);
        done = 0;
    }
    if (done == 1 && !(before = PyMem_RawMalloc((size + 1) * sizeof *before))) {
        unmeet(&order);
        unmeet(&ends.met);
        done = -1;
    }
    for (size_t i = 0; done == 1 && i < size; i++) {
        Value *v = i < order.size ? order.items[i] : ends.met.items[i - order.size];
        before[i].grad = v->grad;
        before[i].flags = v->flags & (uint8_t)~MET;
        v->grad = -0.0;
        v->flags &= (uint8_t)~HAS_GRAD;
    }
    if (done == 1)
        sweep((Value *)args[0], PyFloat_AS_DOUBLE(args[1]), &order, 0);
    for (Py_ssize_t i = 0; done == 1 && i < wanted; i++) {
        Value *v = (Value *)PyList_GET_ITEM(args[2], i);
        int has = v->flags & MET && v->flags & HAS_GRAD;
        PyObject *g = has ? PyFloat_FromDouble(v->grad) : Py_NewRef(Py_None);
        if (g)
            PyList_SET_ITEM(found, i, g);
        else
            done = -1;
    }
    for (size_t i = 0; before && i < size; i++) {
        Value *v = i < order.size ? order.items[i] : ends.met.items[i - order.size];
        v->grad = before[i].grad;
        v->flags = before[i].flags;
    }
    PyMem_RawFree(order.items);
    PyMem_RawFree(ends.met.items);
    PyMem_RawFree(before);
    if (done == 1)
        return found;
    Py_DECREF(found);
    return done ? PyErr_Occurred() ? NULL : PyErr_NoMemory() : Py_NewRef(Py_None);
}

/* variables(numbers, call): a leaf for each float of a list, which this call makes. */
static PyObject *core_variables(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "variables(list, time)");
        return NULL;
    }
    unsigned long long call = PyLong_AsUnsignedLongLong(args[1]);
    if (PyErr_Occurred())
        return NULL;
    Py_ssize_t size = PyList_GET_SIZE(args[0]);
    PyObject *made = PyList_New(size);
    for (Py_ssize_t i = 0; made && i < size; i++) {
        PyObject *x = i < PyList_GET_SIZE(args[0]) ? PyList_GET_ITEM(args[0], i) : Py_None;
        Value *v = PyFloat_CheckExact(x) ? make(value_type, PyFloat_AS_DOUBLE(x), AG_leaf, 0) : NULL;
        if (!v) {
            Py_CLEAR(made);
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_TypeError, "variables takes a list of floats");
            break;
        }
        set_time(v, call);
        PyList_SET_ITEM(made, i, (PyObject *)v);
    }
    return made;
}

/* ends(root, since): the leaves below a node, and what was made before the time `since` in the place of all below it, in a
   list; None if Python must look for them. The leaves that the call which began at that time has made are left out. */
static PyObject *core_ends(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n_args)
{
    if (n_args != 2) {
        PyErr_SetString(PyExc_TypeError, "ends(root, time)");
        return NULL;
    }
    Ends ends = {.since = PyLong_AsUnsignedLongLong(args[1])};
    if (PyErr_Occurred())
        return NULL;
    if (!is_value(args[0]))
        Py_RETURN_NONE;
    Nodes order = {0};
    int done = collect((Value *)args[0], &order, &ends, 0);
    if (done == 1) {
        unmeet(&order);
        unmeet(&ends.met);
    }
    Py_ssize_t n = 0;
    for (size_t i = 0; done == 1 && i < ends.met.size; i++) {
        Value *v = ends.met.items[i];
        if (!ends.since || !made_by(v, ends.since))
            ends.met.items[n++] = v;
    }
    PyObject *found = done == 1 ? PyList_New(n) : done ? PyErr_NoMemory() : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; found && done == 1 && i < n; i++)
        PyList_SET_ITEM(found, i, Py_NewRef((PyObject *)ends.met.items[i]));
    PyMem_RawFree(order.items);
    PyMem_RawFree(ends.met.items);
    return found;
}

/* begin(time): another moment, later than all until now, and not before the given one. */
static PyObject *core_begin(PyObject *Py_UNUSED(module), PyObject *given)
{
    unsigned long long least = PyLong_AsUnsignedLongLong(given);
    if (PyErr_Occurred())
        return NULL;
    if (least >> 48)                                    /* a node has 48 bits for it */
        return PyErr_Format(PyExc_OverflowError, "begin: %R is no time", given);
    ticks = ticks + 1 > least ? ticks + 1 : least;
    return PyLong_FromUnsignedLongLong(ticks);
}

static PyObject *value_zero_grad(PyObject *self, PyObject *Py_UNUSED(none))
{
    if (set_grad(self, Py_None, NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The node forgets how it was made, and is a constant. Its number, name and gradient stay. What dies by it may run any code, so that the node
   is a leaf before. */
static PyObject *value_become_leaf(PyObject *self, PyObject *Py_UNUSED(none))
{
    Value *v = (Value *)self;
    if (v->code == AG_leaf)
        Py_RETURN_NONE;
    Extra *e = extra(v);
    Operand a = v->a, b = second(v);
    int flags = v->flags;
    PyObject *op = e ? e->op : NULL, *params = e ? e->params : NULL;
    v->code = AG_leaf;
    v->flags = (uint8_t)((v->flags & ~(A_NODE | B_NODE | WIDE)) | CONSTANT | COMPUTED);
    v->a.time = 0;
    set_time(v, 0);
    if (e) {
        e->op = e->params = NULL;
        e->b.number = 0.0;
    } else {
        v->b.number = 0.0;
    }
    if (flags & WIDE) {
        Py_XDECREF(a.tuple);
        Py_XDECREF(b.tuple);
    }
    if (flags & A_NODE)
        Py_DECREF(a.node);
    if (flags & B_NODE)
        Py_DECREF(b.node);
    Py_XDECREF(op);
    Py_XDECREF(params);
    Py_RETURN_NONE;
}

/* --- optimizers: one step over a list of Values, with the state that the Python classes keep ------- */

typedef struct { double state[2], out; } Held;          /* the numbers that the step writes */
#define WIDE_VECTORS                                    /* a step is over one number */
#include "optimizers.h"

/* Whether a parameter is a leaf of this engine, with a dict of state, and no gradient that is a node. */
static int fits(PyObject *p, PyObject *state)
{
    Extra *e = is_value(p) ? extra((Value *)p) : NULL;
    return is_value(p) && ((Value *)p)->code == AG_leaf && !(e && e->grad) && PyDict_CheckExact(state);
}

static int steppable(PyObject *params, PyObject *states, PyObject *const *Py_UNUSED(names))
{
    PyObject *p, *state;
    int answer = PyList_GET_SIZE(params) == PyList_GET_SIZE(states) ? DONE : UNKNOWN;
    for (Py_ssize_t i = 0; answer == DONE && pair_at(params, states, i, &p, &state); i++) {
        answer = fits(p, state) ? DONE : UNKNOWN;
        Py_DECREF(state);
        Py_DECREF(p);
    }
    return answer;
}

INLINE int moved(PyObject *p) { return is_value(p) && ((Value *)p)->flags & HAS_GRAD; }

INLINE int ready(PyObject *p, PyObject *state, PyObject *const *names, Part *part)
{
    Value *v = (Value *)p;
    if (!fits(p, state)) {
        PyErr_SetString(PyExc_RuntimeError, "the parameters or the state changed during a step");
        return FAILED;
    }
    if (!(v->flags & HAS_GRAD))
        return UNKNOWN;
    part->single = part->first = 0;
    part->state[0] = part->state[1] = NULL;
    for (int i = 0; i < 2 && names[i]; i++) {
        PyObject *x = PyDict_GetItemWithError(state, names[i]);
        double number = x ? PyFloat_AsDouble(x) : 0.0;
        if ((!x || number == -1.0) && PyErr_Occurred())
            return FAILED;
        part->first |= !x;
        part->held.state[i] = number;
        part->state[i] = &part->held.state[i];
    }
    part->n = 1;
    part->x = &v->data;
    part->g = &v->grad;
    part->out = &part->held.out;
    return DONE;
}

INLINE int finish(PyObject *p, PyObject *state, PyObject *const *names, Part *part)
{
    for (int i = 0; i < 2 && names[i]; i++) {
        PyObject *x = PyFloat_FromDouble(part->held.state[i]);
        int failed = !x || PyDict_SetItem(state, names[i], x) < 0;
        Py_XDECREF(x);
        if (failed)
            return FAILED;
    }
    assign((Value *)p, part->held.out);
    return DONE;
}

/* --- the type and the module -------------------------------------------------------------------- */

static PyMethodDef value_methods[] = {
#define AG_UNARY
#define X(name) {#name, method_##name, METH_NOARGS, NULL},
#include "rules.h"
#undef X
#undef AG_UNARY
    {"backward", (PyCFunction)(void (*)(void))value_backward, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"zero_grad", value_zero_grad, METH_NOARGS, NULL},
    {"__array_ufunc__", (PyCFunction)(void (*)(void))value_array_ufunc, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"_become_leaf", value_become_leaf, METH_NOARGS, NULL},
    {"_made", value_made, METH_VARARGS | METH_CLASS, NULL},
    {"_swap_grad", (PyCFunction)(void (*)(void))value_swap_grad, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef value_getset[] = {
    {"data", get_data, set_data, "The number itself, a Python float.", NULL},
    {"_data", get_data, set_data, NULL, NULL},
    {"grad", get_grad, set_grad, "The derivative of the root of the last backward passes; 0.0 before any.", NULL},
    {"_grad", get_grad, set_grad, NULL, (void *)1},
    {"has_grad", get_has_grad, NULL, "Whether a backward pass has reached this node.", NULL},
    {"is_leaf", get_is_leaf, NULL, "Whether no op made this node.", NULL},
    {"_fixed", get_fixed, set_fixed, NULL, NULL},
    {"_op", get_op, NULL, NULL, NULL},
    {"_inputs", get_inputs, NULL, NULL, NULL},
    {"_params", get_params, NULL, NULL, NULL},
    {"_time", get_time, set_time_from, NULL, NULL},
    {"_call", get_call, set_call, NULL, NULL},
    {"name", get_name, set_name, "Free for the user.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef value_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Value, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot value_slots[] = {
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_new, value_new},
    {Py_tp_init, value_init},
    {Py_tp_methods, value_methods},
    {Py_tp_getset, value_getset},
    {Py_tp_members, value_members},
    {Py_tp_richcompare, value_richcompare},
    {Py_tp_hash, value_hash},
    {Py_nb_add, nb_add},
    {Py_nb_subtract, nb_subtract},
    {Py_nb_multiply, nb_multiply},
    {Py_nb_true_divide, nb_divide},
    {Py_nb_remainder, nb_remainder},
    {Py_nb_power, nb_power},
    {Py_nb_negative, nb_negative},
    {Py_nb_absolute, nb_absolute},
    {Py_nb_bool, nb_bool},
    {0, NULL},
};

static PyType_Spec value_spec = {
    .name = "autograd_nn.core.value.Value",
    .basicsize = sizeof(Value),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = value_slots,
};

/* setup(base, ops, nothing, to_number, slow_operator, slow_backward, refuse_data, slow_ufunc, ufuncs, scalars,
   refuse_grad) -> Value.
   Called again it gives the same type, with the new base, ops and functions. */
static PyObject *core_setup(PyObject *module, PyObject *args)
{
    PyObject *base, *table, *type;
    PyObject *given[9], *fresh = PyDict_New();
    if (!fresh || !PyArg_ParseTuple(args, "OO!OOOOOOO!O!O", &base, &PyDict_Type, &table, &given[0], &given[1], &given[2],
                                    &given[3], &given[4], &given[5], &PyDict_Type, &given[6], &PyTuple_Type, &given[7],
                                    &given[8])) {
        Py_XDECREF(fresh);
        return NULL;
    }
    for (int code = 1; code < AG_codes; code++) {
        PyObject *op = PyDict_GetItemString(table, op_names[code]), *number = PyLong_FromLong(code);
        if (!op || !number || PyDict_SetItem(fresh, op, number) < 0) {
            Py_XDECREF(number);
            Py_DECREF(fresh);
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_RuntimeError, "the op table has no %s: compile the engine again", op_names[code]);
            return NULL;
        }
        Py_DECREF(number);
    }
    for (int code = 1; code < AG_codes; code++)
        Py_XSETREF(ops[code], Py_NewRef(PyDict_GetItemString(table, op_names[code])));
    Py_XSETREF(codes, fresh);
    PyObject **places[9] = {&nothing, &to_number, &slow_operator, &slow_backward, &refuse_data, &slow_ufunc, &ufuncs,
                            &scalars, &refuse_grad};
    for (int i = 0; i < 9; i++)
        Py_XSETREF(*places[i], Py_NewRef(given[i]));
    PyObject *bases = PyTuple_Pack(1, base);
    if (bases && value_type) {                          /* the package is imported again: its nodes are Values too */
        int failed = PyObject_SetAttrString((PyObject *)value_type, "__bases__", bases);
        Py_DECREF(bases);
        return failed ? NULL : Py_NewRef((PyObject *)value_type);
    }
    type = bases ? PyType_FromModuleAndSpec(module, &value_spec, bases) : NULL;
    Py_XDECREF(bases);
    if (!type)
        return NULL;
    value_type = (PyTypeObject *)Py_NewRef(type);
    /* A class written in Python, as the base is, is always tracked by the garbage collector, and its
       subtypes inherit that. A Value has nothing that the collector would have to know. */
    value_type->tp_flags &= ~Py_TPFLAGS_HAVE_GC;
    value_type->tp_traverse = NULL;
    value_type->tp_clear = NULL;
    value_type->tp_free = PyObject_Free;
    value_type->tp_vectorcall = value_vectorcall;
    return type;
}

static PyMethodDef core_methods[] = {
    {"setup", core_setup, METH_VARARGS, "Make the Value type, or give it another base."},
    {"set_modes", set_modes, METH_VARARGS, "Which modes are on: while any but no_grad() is, Python does it all."},
    {"apply", (PyCFunction)(void (*)(void))core_apply, METH_FASTCALL, "apply(op, inputs, params) -> Value or None"},
    {"sum_of", core_sum_of, METH_O, "sum_of(values) -> Value or None"},
    {"weighted_sum", (PyCFunction)(void (*)(void))core_weighted_sum, METH_FASTCALL,
     "weighted_sum(unit, inputs) -> Value or None"},
    {"layer", core_layer, METH_VARARGS, "layer(units, rows, n) -> list of Values, or None"},
    {"each", (PyCFunction)(void (*)(void))core_each, METH_FASTCALL, "each(op, list) -> list of Values, or None"},
    {"cotangents", (PyCFunction)(void (*)(void))core_cotangents, METH_FASTCALL,
     "cotangents(root, seed, list) -> list or None"},
    {"free_cycles", core_free_cycles, METH_O, "Clear gradients that hold the leaf that they are of, and are all that "
     "holds it; how many there were."},
    {"variables", (PyCFunction)(void (*)(void))core_variables, METH_FASTCALL, "variables(list, time) -> list"},
    {"ends", (PyCFunction)(void (*)(void))core_ends, METH_FASTCALL, "ends(root, time) -> list or None"},
    {"begin", core_begin, METH_O, "begin(time) -> the time at which a call of a transform begins, not before this one"},
    OPTIMIZERS,
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT, "_value", "The scalar engine in C; value.py sets it up.", -1, core_methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__value(void)
{
    return name_states() < 0 ? NULL : PyModule_Create(&core_module);
}
