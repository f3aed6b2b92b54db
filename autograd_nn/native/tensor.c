/* What of Tensor is in C: its methods in their usual case, and the chain rule, with the same answers as in Python.

   NumPy computes, forward and in the op table's rules. What is here is the way between: the nodes that the methods
   make, the order of the nodes, whose cotangent goes where, and that it fits. With small arrays that is most of the
   work.

   What is not the usual case goes to Python. A method calls the one that it stands for if a mode other than no_grad()
   is on or an operand is no Tensor or number; a sweep that meets a Value, a Dual, or an inf or nan (which may have leaked past a zero)
   gives up before it has changed anything, and reverse.py does it all. */

#include "common.h"

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION          /* it runs with every NumPy from 2.0 on */
#include <numpy/arrayobject.h>
#include "memory.h"
#include "vectors.h"

/* --- what this file knows of the things that it walks over -------------------------------------------------- */

static PyTypeObject *tensor, *memory;
static PyArray_Descr *float32, *float64;
static PyObject *add_reduce, *zero;                     /* np.add.reduce, and 0 */
static PyObject *node_type, *nothing, *constant, *keep, *fit, *is_finite, *errors, *ignored;    /* of the package */
static PyObject *s_array, *s_array_rules, *s_data, *s_own;
static PyObject *computed;                              /* COMPUTED of core/fixed.py; FREE is 0 */
static Py_ssize_t at_data, at_grad, at_op, at_inputs, at_params, at_name, at_operands, at_fixed;  /* a Tensor's slots */
static Py_ssize_t at_array;                                                                     /* of a Memory */

#define SLOT(node, at) (*(PyObject **)((char *)(node) + (at)))
#define ARRAY(o) ((PyArrayObject *)(o))
#define DATA(node) ARRAY(SLOT(node, at_data))

/* Whether a leaf is no constant. */
static int is_free(PyObject *node) { return !SLOT(node, at_fixed) || SLOT(node, at_fixed) == zero; }

/* A slot may be empty or hold anything: a rule, a finalizer or another thread may have deleted or assigned it. */
static int is_array(PyObject *o) { return o && PyArray_CheckExact(o); }

static int same_form(const PyArrayObject *a, const PyArrayObject *b)
{
    return PyArray_DESCR(a) == PyArray_DESCR(b) && PyArray_SAMESHAPE(a, b);
}

/* Whether the numbers are in memory as C has them, one after the other. */
static int is_plain(const PyArrayObject *a) { return PyArray_CHKFLAGS(a, NPY_ARRAY_CARRAY_RO); }

/* An inf or nan has all bits of the exponent set. */
WIDE_VECTORS
static int any_nonfinite32(Py_ssize_t n, const int32_t *bits)
{
    int32_t found = 0;
    for (Py_ssize_t i = 0; i < n; i++)
        found |= (bits[i] & 0x7fffffff) >= 0x7f800000;
    return found;
}

WIDE_VECTORS
static int any_nonfinite64(Py_ssize_t n, const int64_t *bits)
{
    int64_t found = 0;
    for (Py_ssize_t i = 0; i < n; i++)
        found |= (bits[i] & 0x7fffffffffffffff) >= 0x7ff0000000000000;
    return found != 0;
}

/* Whether every number is finite: 1, 0, or -1 for an exception. */
static int all_finite(PyObject *o)
{
    PyArrayObject *a = ARRAY(o);
    if (PyArray_DESCR(a) == float32 && is_plain(a))
        return !any_nonfinite32(PyArray_SIZE(a), PyArray_DATA(a));
    if (PyArray_DESCR(a) == float64 && is_plain(a))
        return !any_nonfinite64(PyArray_SIZE(a), PyArray_DATA(a));
    PyObject *answer = PyObject_CallOneArg(is_finite, o);
    int yes = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return yes;
}

/* --- arrays that nobody can change: ops/_frozen.py ------------------------------------------------------------- */

static void close_to_writing(PyArrayObject *a) { PyArray_CLEARFLAGS(a, NPY_ARRAY_WRITEABLE); }

/* frozen(array): the same numbers in an array that cannot be made writable. */
static PyObject *tensor_frozen(PyObject *Py_UNUSED(module), PyObject *array)
{
    if (!is_array(array)) {
        PyErr_SetString(PyExc_TypeError, "frozen(array)");
        return NULL;
    }
    PyArrayObject *a = ARRAY(array);
    PyObject *owner = memory->tp_alloc(memory, 0), *view = NULL;
    if (owner) {
        SLOT(owner, at_array) = Py_NewRef(array);
        PyArray_Descr *descr = PyArray_DESCR(a);
        Py_INCREF(descr);                               /* which PyArray_NewFromDescr steals */
        view = PyArray_NewFromDescr(&PyArray_Type, descr, PyArray_NDIM(a), PyArray_DIMS(a), PyArray_STRIDES(a),
                                    PyArray_DATA(a), 0, NULL);
    }
    if (!view) {
        Py_XDECREF(owner);
    } else if (PyArray_SetBaseObject(ARRAY(view), owner) < 0) {         /* steals the owner */
        Py_CLEAR(view);
    } else {
        PyArray_UpdateFlags(ARRAY(view), NPY_ARRAY_UPDATE_ALL);
        close_to_writing(ARRAY(view));
    }
    return view;
}

static int is_frozen(const PyArrayObject *a)
{
    PyObject *base = PyArray_BASE(a);
    while (base && PyArray_Check(base))
        base = PyArray_BASE(ARRAY(base));
    return base && Py_TYPE(base) == memory && !PyArray_ISWRITEABLE(a);
}

/* same_bits(a, b): whether two arrays of one dtype, shape and strides, without gaps, hold the same bits. */
static PyObject *tensor_same_bits(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !is_array(args[0]) || !is_array(args[1]) || !PyArray_ISONESEGMENT(ARRAY(args[0])) ||
        !PyArray_ISONESEGMENT(ARRAY(args[1])) || PyArray_NBYTES(ARRAY(args[0])) != PyArray_NBYTES(ARRAY(args[1]))) {
        PyErr_SetString(PyExc_TypeError, "same_bits(array, array)");
        return NULL;
    }
    return PyBool_FromLong(!memcmp(PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(args[1])),
                                   (size_t)PyArray_NBYTES(ARRAY(args[0]))));
}

/* What an op computed, as a node keeps it. Steals it. */
static PyObject *kept_result(PyObject *data)
{
    data = PyArray_EnsureArray(data);                   /* it may be a number of NumPy's */
    PyObject *base = data ? PyArray_BASE(ARRAY(data)) : NULL;
    if (base && PyArray_Check(base))
        close_to_writing(ARRAY(base));
    else if (base && Py_TYPE(base) != memory)
        Py_SETREF(data, PyArray_NewCopy(ARRAY(data), NPY_KEEPORDER));
    if (data)
        close_to_writing(ARRAY(data));
    return data;
}

#include "small.h"

/* --- methods --------------------------------------------------------------------------------------------------- */

/* An operator or a method without arguments. `python` is what it stands for and falls back on. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *python, *op, *params, *dict;
    int arity, reflected;       /* reflected: of x - t, where t is asked */
} Method;

/* The node of a result; steals it, inputs and operands. */
static PyObject *made(PyObject *op, PyObject *params, PyObject *data, PyObject *inputs, PyObject *operands)
{
    PyObject *node = NULL;
    data = kept_result(data);
    if (data && inputs && operands && (node = tensor->tp_alloc(tensor, 0))) {
        SLOT(node, at_data) = data;
        SLOT(node, at_grad) = Py_NewRef(Py_None);
        SLOT(node, at_op) = Py_NewRef(op);
        SLOT(node, at_inputs) = inputs;
        SLOT(node, at_params) = Py_NewRef(params);
        SLOT(node, at_name) = Py_NewRef(Py_None);
        SLOT(node, at_operands) = operands;
        SLOT(node, at_fixed) = Py_NewRef(zero);
        return node;
    }
    Py_XDECREF(data);
    Py_XDECREF(inputs);
    Py_XDECREF(operands);
    return NULL;
}

/* Whether an operand may be recorded as it is: a number, or an array that nobody can change. */
static int is_constant(PyObject *o)
{
    if (PyFloat_CheckExact(o) || PyLong_CheckExact(o))
        return 1;
    return is_array(o) && is_frozen(ARRAY(o)) &&
        (PyArray_DESCR(ARRAY(o)) == float32 || PyArray_DESCR(ARRAY(o)) == float64);
}

/* The array of a constant leaf, which nobody can change; in a reference for the caller. */
static PyObject *data_of(PyObject *leaf)
{
    PyObject *data = SLOT(leaf, at_data);
    return is_array(data) && is_frozen(ARRAY(data)) ? Py_NewRef(data) : PyObject_GetAttr(leaf, s_data);
}

/* The parameters of a call as the graph keeps them: arrays and lists are copied, unless nobody can change them. */
static PyObject *kept_params(PyObject *params)
{
    PyObject *name, *x;
    Py_ssize_t at = 0;
    int fine = 1;
    while (fine && PyDict_Next(params, &at, &name, &x))
        fine = !is_array(x) && !PyList_CheckExact(x) && !PyTuple_CheckExact(x);
    return fine ? Py_NewRef(params) : PyObject_CallOneArg(keep, params);
}

/* `inputs` with another item; it is copied if it is `given`. Steals the item. */
static int replace(PyObject **inputs, PyObject *given, Py_ssize_t at, PyObject *item)
{
    if (*inputs == given) {
        Py_ssize_t n = PyTuple_GET_SIZE(given);
        PyObject *copy = PyTuple_New(n);
        if (!copy) {
            Py_DECREF(item);
            return FAILED;
        }
        for (Py_ssize_t i = 0; i < n; i++)
            PyTuple_SET_ITEM(copy, i, Py_NewRef(PyTuple_GET_ITEM(given, i)));
        Py_SETREF(*inputs, copy);
    }
    Py_SETREF(PyTuple_GET_ITEM(*inputs, at), item);
    return DONE;
}

/* After an exception: Python does it again, and says what is wrong, and in which op. */
static int in_python_after_all(void)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return FAILED;
    PyErr_Clear();
    return UNKNOWN;
}

/* The node that an op makes of a tuple of Tensors, arrays and numbers, as tensor.py's _apply makes it; None where that
   has to do it: a mode other than no_grad() is on, the op fails, or an operand is another kind of node. */
static PyObject *applied(PyObject *op, PyObject *args, PyObject *given)
{
    if (modes == OTHER_MODES)
        Py_RETURN_NONE;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject *inputs = Py_NewRef(args), *operands = NULL, *data = NULL, *array = NULL;
    PyObject *params = kept_params(given);
    int answer = params ? DONE : FAILED, constants = 1;
    for (Py_ssize_t i = 0; answer == DONE && i < n; i++) {
        PyObject *o = PyTuple_GET_ITEM(args, i), *x;
        if (Py_TYPE(o) == tensor) {
            if (is_free(o))
                constants = 0;
            else
                answer = (x = data_of(o)) ? replace(&inputs, args, i, x) : FAILED;
        } else if (is_constant(o)) {
            continue;
        } else if (PyObject_TypeCheck(o, (PyTypeObject *)node_type)) {
            answer = UNKNOWN;
        } else {
            x = PyObject_CallFunctionObjArgs(constant, op, o, NULL);
            answer = x ? replace(&inputs, args, i, x) : in_python_after_all();
        }
    }
    if (answer == DONE && !(operands = PyTuple_New(n)))
        answer = FAILED;
    int large = 0;
    for (Py_ssize_t i = 0; answer == DONE && i < n; i++) {
        PyObject *x = PyTuple_GET_ITEM(inputs, i);
        if (Py_TYPE(x) == tensor && !is_array(x = SLOT(x, at_data)))
            answer = UNKNOWN;
        else
            PyTuple_SET_ITEM(operands, i, Py_NewRef(x));
        large |= is_array(x) && is_large(ARRAY(x));
    }
    if (answer == DONE && (array = PyObject_GetAttr(op, s_array)) &&
        !(data = small_ufunc(array, &PyTuple_GET_ITEM(operands, 0), n)) && !PyErr_Occurred()) {
        PyObject *before = large ? start_caching() : NULL;
        data = PyObject_VectorcallDict(array, &PyTuple_GET_ITEM(operands, 0), (size_t)n,
                                       PyDict_GET_SIZE(params) ? params : NULL);
        stop_caching(before);
    }
    Py_XDECREF(array);
    if (answer == DONE && !data)
        answer = in_python_after_all();
    PyObject *node = NULL;
    int leaf = answer != DONE ? 0 : constants ? DONE : silent();
    if (answer == DONE && !leaf) {
        node = made(op, params, data, inputs, operands);
    } else if (leaf == DONE) {
        Py_DECREF(inputs);
        Py_DECREF(operands);
        node = made(Py_None, nothing, data, PyTuple_New(0), PyTuple_New(0));
        if (node && constants)
            Py_SETREF(SLOT(node, at_fixed), Py_NewRef(computed));
    } else {
        Py_XDECREF(data);
        Py_XDECREF(inputs);
        Py_XDECREF(operands);
    }
    Py_XDECREF(params);
    return answer == UNKNOWN ? Py_NewRef(Py_None) : node;
}

/* apply(op, args, params) -> Tensor, or None if Python must do it */
static PyObject *tensor_apply(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    if (n == 3 && PyTuple_CheckExact(args[1]) && PyDict_CheckExact(args[2]))
        return applied(args[0], args[1], args[2]);
    PyErr_SetString(PyExc_TypeError, "apply(op, args, params)");
    return NULL;
}

static PyObject *method_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    const Method *m = (const Method *)self;
    if (!m->python || !m->op || !m->params) {           /* its class is being collected */
        PyErr_SetString(PyExc_RuntimeError, "this method is no more");
        return NULL;
    }
    int usual = modes != OTHER_MODES && !kwnames && PyVectorcall_NARGS(nargsf) == m->arity && Py_TYPE(args[0]) == tensor;
    if (usual && m->arity == 2) {
        PyObject *o = args[1];
        usual = Py_TYPE(o) == tensor || PyFloat_CheckExact(o) || PyLong_CheckExact(o) || is_array(o);
    }
    if (usual) {
        PyObject *inputs = m->arity == 1 ? PyTuple_Pack(1, args[0])
                                         : PyTuple_Pack(2, args[m->reflected], args[!m->reflected]);
        PyObject *node = inputs ? applied(m->op, inputs, m->params) : NULL;
        Py_XDECREF(inputs);
        if (node != Py_None)
            return node;
        Py_DECREF(node);
    }
    return PyObject_Vectorcall(m->python, args, nargsf, kwnames);
}

static PyObject *method_get(PyObject *self, PyObject *object, PyObject *Py_UNUSED(type))
{
    return object ? PyMethod_New(self, object) : Py_NewRef(self);
}

/* As of a function: it is called what Python's is called, and a copy of it is itself. */
static PyObject *method_repr(PyObject *self) { return PyObject_Repr(((Method *)self)->python); }
static PyObject *method_copy(PyObject *self, PyObject *Py_UNUSED(memo)) { return Py_NewRef(self); }

static PyMethodDef method_methods[] = {
    {"__copy__", method_copy, METH_NOARGS, NULL},
    {"__deepcopy__", method_copy, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int method_traverse(PyObject *self, visitproc visit, void *arg)
{
    Method *m = (Method *)self;
    Py_VISIT(m->python);
    Py_VISIT(m->op);
    Py_VISIT(m->params);
    Py_VISIT(m->dict);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int method_clear(PyObject *self)
{
    Method *m = (Method *)self;
    Py_CLEAR(m->python);
    Py_CLEAR(m->op);
    Py_CLEAR(m->params);
    Py_CLEAR(m->dict);
    return 0;
}

static void method_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    method_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef method_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Method, call), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Method, dict), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef method_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot method_slots[] = {
    {Py_tp_dealloc, method_dealloc},
    {Py_tp_traverse, method_traverse},
    {Py_tp_clear, method_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_repr, method_repr},
    {Py_tp_descr_get, method_get},
    {Py_tp_methods, method_methods},
    {Py_tp_members, method_members},
    {Py_tp_getset, method_getset},
    {0, NULL},
};

static PyType_Spec method_spec = {
    .name = "autograd_nn.native._tensor.method",
    .basicsize = sizeof(Method),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = method_slots,
};

static PyTypeObject *method_type;

/* method(python, op, params, arity, reflected): the method `python` of Tensor, quicker. */
static PyObject *new_method(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *python, *op, *params;
    int arity, reflected;
    if (!PyArg_ParseTuple(args, "OOO!ip", &python, &op, &PyDict_Type, &params, &arity, &reflected))
        return NULL;
    if (arity != 1 && arity != 2) {
        PyErr_SetString(PyExc_ValueError, "a method of one or two inputs");
        return NULL;
    }
    Method *m = (Method *)method_type->tp_alloc(method_type, 0);
    if (!m)
        return NULL;
    m->call = method_call;
    m->python = Py_NewRef(python);
    m->op = Py_NewRef(op);
    m->params = Py_NewRef(params);
    m->arity = arity;
    m->reflected = reflected;
    return (PyObject *)m;
}

/* --- the walk -------------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject *node, *g;         /* references of ours; g is NULL as long as no cotangent has come */
    int entered, ours;          /* ours: g is a sum that was made here, and may be added to in place */
} Item;

typedef struct {
    Item *items;                /* the nodes, in the order in which the walk meets them */
    uint32_t *order, *table;    /* numbers of items: inputs first; and by node, plus 1 */
    uint32_t *stack;
    uint32_t met, done, height, room, deep;
    int large;                  /* whether any of their arrays is */
} Walk;

#define LIMIT (1u << 30)
#define ABOVE (1u << 31)        /* on the stack: the inputs of this node are in the order */

static int grown(uint32_t **list, size_t size)
{
    uint32_t *bigger = PyMem_RawRealloc(*list, size * sizeof *bigger);
    if (!bigger) {
        PyErr_NoMemory();
        return FAILED;
    }
    *list = bigger;
    return DONE;
}

/* Where in the table a node is, or would be. */
static uint32_t *place(const Walk *w, PyObject *node)
{
    uint32_t mask = 2 * w->room - 1, i = (uint32_t)((uintptr_t)node >> 4) * 2654435761u >> 7 & mask;
    while (w->table[i] && w->items[w->table[i] - 1].node != node)
        i = (i + 1) & mask;
    return &w->table[i];
}

static int make_room(Walk *w)
{
    uint32_t room = w->room ? 2 * w->room : 32;
    Item *items = room > LIMIT ? NULL : PyMem_RawRealloc(w->items, room * sizeof *items);
    if (!items) {
        PyErr_NoMemory();
        return FAILED;
    }
    w->items = items;
    if (grown(&w->order, room) < 0 || grown(&w->table, 2 * (size_t)room) < 0)
        return FAILED;
    w->room = room;
    memset(w->table, 0, 2 * (size_t)room * sizeof *w->table);
    for (uint32_t i = 0; i < w->met; i++)
        *place(w, items[i].node) = i + 1;
    return DONE;
}

/* Put a node on the stack, if the walk has not entered it. */
static int meet(Walk *w, PyObject *node)
{
    if (w->met == w->room && make_room(w) < 0)
        return FAILED;
    uint32_t *at = place(w, node);
    if (!*at) {
        w->items[w->met++] = (Item){Py_NewRef(node), NULL, 0, 0};
        *at = w->met;
    } else if (w->items[*at - 1].entered) {
        return DONE;
    }
    if (w->height + 2 > w->deep) {
        if (w->deep > LIMIT || grown(&w->stack, 2 * (size_t)w->deep + 64) < 0)
            return FAILED;
        w->deep = 2 * w->deep + 64;
    }
    w->stack[w->height++] = *at - 1;
    return DONE;
}

/* The nodes below those on the stack, in the order of node.topological. */
static int collect(Walk *w)
{
    while (w->height) {
        uint32_t i = w->stack[--w->height];
        if (i & ABOVE) {
            w->order[w->done++] = i & ~ABOVE;
            continue;
        }
        if (w->items[i].entered)
            continue;
        w->items[i].entered = 1;
        PyObject *node = w->items[i].node, *data = SLOT(node, at_data), *inputs = SLOT(node, at_inputs);
        if (!data || !is_array(data) || !inputs || !PyTuple_CheckExact(inputs) || !SLOT(node, at_op))
            return UNKNOWN;
        w->large |= is_large(ARRAY(data));
        w->stack[w->height++] = i | ABOVE;              /* in the place that it was taken from */
        for (Py_ssize_t k = PyTuple_GET_SIZE(inputs); k-- > 0;) {
            PyObject *x = PyTuple_GET_ITEM(inputs, k);
            if (Py_TYPE(x) == tensor) {
                if (meet(w, x) < 0)
                    return FAILED;
            } else if (PyObject_TypeCheck(x, (PyTypeObject *)node_type)) {
                return UNKNOWN;
            }
        }
    }
    return DONE;
}

/* --- the chain rule ------------------------------------------------------------------------------------------- */

/* What a rule gave as a cotangent of x: summed over what was broadcast, in x's dtype. Steals it. */
static PyObject *fitted(PyObject *part, PyObject *x)
{
    const PyArrayObject *g = ARRAY(part), *own = DATA(x);
    int arrays = is_array(part) && is_array(SLOT(x, at_data));
    PyObject *result;
    if (!part || (arrays && same_form(g, own)))
        return part;
    if (arrays && PyArray_DESCR(g) == PyArray_DESCR(own) && PyArray_NDIM(g) == 2 && PyArray_NDIM(own) == 1 &&
        PyArray_DIM(g, 1) == PyArray_DIM(own, 0))
        result = PyObject_CallFunctionObjArgs(add_reduce, part, zero, NULL);       /* a bias, over the batch */
    else
        result = PyObject_CallFunctionObjArgs(fit, part, x, NULL);
    Py_DECREF(part);
    return result;
}

/* Add a cotangent to a node's. Steals it. */
static int receive(Item *x, PyObject *part)
{
    int fine = is_array(part) ? all_finite(part) : 0;
    if (fine > 0 && Py_REFCNT(part) > 1)
        close_to_writing(ARRAY(part));                  /* the rule holds it still */
    if (fine <= 0 || !x->g) {
        if (fine > 0)
            x->g = part;
        else
            Py_DECREF(part);
        return fine < 0 ? FAILED : fine ? DONE : UNKNOWN;
    }
    PyObject *sum = x->ours ? PyNumber_InPlaceAdd(x->g, part) : PyNumber_Add(x->g, part);
    Py_DECREF(part);
    sum = fitted(sum, x->node);                         /* arrays of shape () add up to a NumPy number */
    if (!sum)
        return FAILED;
    x->ours = 1;
    Py_SETREF(x->g, sum);
    return DONE;
}

/* What a rule sees of a node, in references of ours: rules are Python, and might take them from the node. */
typedef struct { PyObject *rules, *g, *y, *inputs, *operands, *params; } Look;

/* Whether the node still is what the walk met. */
static int look_at(const Item *item, Look *l)
{
    PyObject *node = item->node, *op = Py_XNewRef(SLOT(node, at_op));
    *l = (Look){.g = Py_NewRef(item->g)};
    close_to_writing(ARRAY(item->g));                   /* others may hold it: a rule must not change it */
    if (!op)
        return UNKNOWN;
    l->rules = PyObject_GetAttr(op, s_array_rules);
    Py_DECREF(op);
    if (!l->rules)
        return FAILED;
    l->y = Py_XNewRef(SLOT(node, at_data));
    l->inputs = Py_XNewRef(SLOT(node, at_inputs));
    l->operands = Py_XNewRef(SLOT(node, at_operands));
    l->params = Py_XNewRef(SLOT(node, at_params));
    return is_array(l->y) && l->inputs && PyTuple_CheckExact(l->inputs) && l->operands &&
        PyTuple_CheckExact(l->operands) && PyTuple_GET_SIZE(l->operands) == PyTuple_GET_SIZE(l->inputs) && l->params &&
        PyDict_CheckExact(l->params) ? DONE : UNKNOWN;
}

static void look_away(Look *l)
{
    Py_XDECREF(l->params);
    Py_XDECREF(l->operands);
    Py_XDECREF(l->inputs);
    Py_XDECREF(l->y);
    Py_XDECREF(l->g);
    Py_XDECREF(l->rules);
}

/* The cotangents of the inputs of one node. */
static int pull(Walk *w, const Item *item)
{
    Look l;
    PyObject *small[8], **args = small;
    int answer = look_at(item, &l);
    Py_ssize_t n = answer == DONE ? PyTuple_GET_SIZE(l.inputs) : 0;
    if (n > 6 && !(args = PyMem_Malloc((size_t)(n + 2) * sizeof *args))) {
        PyErr_NoMemory();
        answer = FAILED;
    }
    if (answer == DONE) {
        args[0] = l.g;
        args[1] = l.y;
        memcpy(args + 2, &PyTuple_GET_ITEM(l.operands, 0), (size_t)n * sizeof *args);
    }
    int listed = answer == DONE && PyTuple_CheckExact(l.rules);
    for (Py_ssize_t k = 0; answer == DONE && k < n; k++) {
        PyObject *x = PyTuple_GET_ITEM(l.inputs, k), *rule;
        if (Py_TYPE(x) != tensor || (listed && k >= PyTuple_GET_SIZE(l.rules)))
            continue;
        rule = listed ? Py_NewRef(PyTuple_GET_ITEM(l.rules, k)) : PySequence_GetItem(l.rules, k);
        if (!rule) {
            answer = FAILED;
        } else if (rule != Py_None) {
            PyObject *part = PyObject_VectorcallDict(rule, args, (size_t)n + 2,
                                                     PyDict_GET_SIZE(l.params) ? l.params : NULL);
            part = fitted(part, x);
            uint32_t i = *place(w, x);
            answer = !part ? FAILED : i ? receive(&w->items[i - 1], part) : UNKNOWN;
            if (part && !i)
                Py_DECREF(part);
        }
        Py_XDECREF(rule);
    }
    if (args && args != small)
        PyMem_Free(args);
    look_away(&l);
    return answer;
}

/* The sweep, while NumPy keeps its warnings to itself. */
static int sweep(Walk *w)
{
    PyObject *token = PyContextVar_Set(errors, ignored);
    PyObject *before = token && w->large ? start_caching() : NULL;
    int answer = token ? DONE : FAILED;
    for (uint32_t i = w->done; answer == DONE && i-- > 0;) {
        const Item *item = &w->items[w->order[i]];
        if (item->g && SLOT(item->node, at_op) != Py_None)
            answer = pull(w, item);
    }
    stop_caching(before);
    if (token) {
        PyObject *kind, *what, *where;
        PyErr_Fetch(&kind, &what, &where);
        if (PyContextVar_Reset(errors, token) < 0)
            answer = FAILED;
        if (kind)
            PyErr_Restore(kind, what, where);
        Py_DECREF(token);
    }
    return answer;
}

static void forget(Walk *w)
{
    for (uint32_t i = 0; i < w->met; i++) {
        Py_DECREF(w->items[i].node);
        Py_XDECREF(w->items[i].g);
    }
    PyMem_RawFree(w->items);
    PyMem_RawFree(w->order);
    PyMem_RawFree(w->stack);
    PyMem_RawFree(w->table);
}

/* --- what Python calls ---------------------------------------------------------------------------------------- */

/* A leaf's gradient grown by g: an array of the leaf's own, that no other node and no rule holds. */
static PyObject *grown_gradient(const Item *leaf, PyObject *before)
{
    if (before && before != Py_None) {
        PyObject *sum = PyNumber_Add(before, leaf->g);
        if (!sum || (is_array(sum) && is_array(SLOT(leaf->node, at_data)) && same_form(ARRAY(sum), DATA(leaf->node))))
            return sum;
        PyObject *own = PyObject_CallMethodOneArg(leaf->node, s_own, sum);
        Py_DECREF(sum);
        return own;
    }
    if (Py_REFCNT(leaf->g) > 1 || PyArray_BASE(ARRAY(leaf->g)) || !PyArray_ISWRITEABLE(ARRAY(leaf->g)))
        return PyArray_NewCopy(ARRAY(leaf->g), NPY_CORDER);
    return Py_NewRef(leaf->g);
}

/* Add g to a leaf's gradient. To add may let other threads run; if one has put another gradient there, it is done
   again, and so no part is lost. */
static int accumulate(const Item *leaf)
{
    for (;;) {
        PyObject *before = Py_XNewRef(SLOT(leaf->node, at_grad)), *g = grown_gradient(leaf, before);
        int unchanged = g && SLOT(leaf->node, at_grad) == before;
        if (unchanged && !is_free(leaf->node)) {        /* it was fixed after the graph was made, and has no gradient */
            Py_DECREF(g);
        } else if (unchanged) {
            SLOT(leaf->node, at_grad) = g;
            Py_XDECREF(before);                         /* the reference that the slot had */
        } else {
            Py_XDECREF(g);
        }
        Py_XDECREF(before);
        if (!g || unchanged)
            return g ? DONE : FAILED;
    }
}

/* backward(root, seed): True; False if Python must do it, and then nothing has changed. */
static PyObject *tensor_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t n)
{
    Walk w = {0};
    if (n != 2) {
        PyErr_SetString(PyExc_TypeError, "backward(root, seed)");
        return NULL;
    }
    int answer = Py_TYPE(args[0]) == tensor && is_array(args[1]) ? meet(&w, args[0]) : UNKNOWN;
    if (answer == DONE)
        answer = collect(&w);
    if (answer == DONE) {
        w.items[0].g = Py_NewRef(args[1]);
        answer = sweep(&w);
    }
    if (answer == DONE) {
        for (uint32_t i = 0; i < w.met; i++) {
            Item *item = &w.items[i];
            if (SLOT(item->node, at_op) != Py_None)
                Py_XSETREF(SLOT(item->node, at_grad), Py_NewRef(item->g ? item->g : Py_None));
        }
        for (uint32_t i = 0; answer == DONE && i < w.met; i++)
            if (w.items[i].g && SLOT(w.items[i].node, at_op) == Py_None)
                answer = accumulate(&w.items[i]);
    }
    forget(&w);
    return answer == FAILED ? NULL : PyBool_FromLong(answer);
}

/* cotangents(seeds): {node: its cotangent}, or None if Python must do it. */
static PyObject *tensor_cotangents(PyObject *Py_UNUSED(module), PyObject *seeds)
{
    Walk w = {0};
    PyObject *root, *seed, *found = NULL, *roots = PyDict_CheckExact(seeds) ? PyDict_Keys(seeds) : NULL;
    int answer = roots ? DONE : PyErr_Occurred() ? FAILED : UNKNOWN;
    for (Py_ssize_t i = roots ? PyList_GET_SIZE(roots) : 0; answer == DONE && i-- > 0;) {
        root = PyList_GET_ITEM(roots, i);
        answer = Py_TYPE(root) == tensor ? meet(&w, root) : UNKNOWN;
    }
    if (answer == DONE)
        answer = collect(&w);
    for (Py_ssize_t i = 0; answer == DONE && i < PyList_GET_SIZE(roots); i++) {
        root = PyList_GET_ITEM(roots, i);
        seed = Py_XNewRef(PyDict_GetItemWithError(seeds, root));
        PyObject *g = seed ? PyObject_CallMethodOneArg(root, s_own, seed) : NULL;
        if (g && g == seed && is_array(g))              /* the sweep closes it to writing, and not the caller's own */
            Py_SETREF(g, PyArray_View(ARRAY(g), NULL, NULL));
        Py_XDECREF(seed);
        w.items[*place(&w, root) - 1].g = g;
        answer = !g ? FAILED : is_array(g) && is_array(SLOT(root, at_data)) && same_form(ARRAY(g), DATA(root))
            ? DONE : UNKNOWN;
    }
    if (answer == DONE)
        answer = sweep(&w);
    if (answer == DONE && !(found = PyDict_New()))
        answer = FAILED;
    for (uint32_t i = 0; answer == DONE && i < w.met; i++)
        if (w.items[i].g && PyDict_SetItem(found, w.items[i].node, w.items[i].g) < 0)
            answer = FAILED;
    Py_XDECREF(roots);
    forget(&w);
    if (answer == UNKNOWN)
        Py_RETURN_NONE;
    if (answer == FAILED) {
        Py_CLEAR(found);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_RuntimeError, "the seeds changed during a sweep");
    }
    return found;
}

/* leaves(root): the leaves below a node, in a list; None if Python must look for them. */
static PyObject *tensor_leaves(PyObject *Py_UNUSED(module), PyObject *root)
{
    Walk w = {0};
    int answer = Py_TYPE(root) == tensor ? meet(&w, root) : UNKNOWN;
    if (answer == DONE)
        answer = collect(&w);
    PyObject *found = answer == DONE ? PyList_New(0) : NULL;
    for (uint32_t i = 0; found && i < w.met; i++)
        if (SLOT(w.items[i].node, at_op) == Py_None && PyList_Append(found, w.items[i].node) < 0)
            Py_CLEAR(found);
    forget(&w);
    return answer == UNKNOWN ? Py_NewRef(Py_None) : found;
}

/* --- optimizers: one step over a list of Tensors, with the state that the Python classes keep ------------------- */

typedef struct { PyObject *x, *g, *state[2], *out; } Held;                      /* the arrays */
#include "optimizers.h"

/* Whether o is an array of the parameter's form, with its numbers one after the other. */
static int is_like(PyObject *o, const Held *held)
{
    return is_array(o) && same_form(ARRAY(o), ARRAY(held->x)) && is_plain(ARRAY(o));
}

/* What a parameter has for a step, in references for the caller, and NULL for what the state has not got yet. */
static int look(PyObject *p, PyObject *state, PyObject *const *names, Held *held)
{
    *held = (Held){0};
    if (Py_TYPE(p) != tensor || !PyDict_CheckExact(state))
        return UNKNOWN;
    held->x = Py_XNewRef(SLOT(p, at_data));
    held->g = Py_XNewRef(SLOT(p, at_grad));
    if (!is_array(held->x) || (PyArray_DESCR(ARRAY(held->x)) != float32 && PyArray_DESCR(ARRAY(held->x)) != float64) ||
        !is_like(held->x, held) || (held->g != Py_None && !is_like(held->g, held)))
        return UNKNOWN;
    for (int i = 0; i < 2 && names[i]; i++) {
        held->state[i] = Py_XNewRef(PyDict_GetItemWithError(state, names[i]));
        if (held->state[i] ? !is_like(held->state[i], held) || !PyArray_ISWRITEABLE(ARRAY(held->state[i]))
                           : PyErr_Occurred() != NULL)
            return held->state[i] ? UNKNOWN : FAILED;
    }
    return DONE;
}

static void release(Held *held)
{
    Py_XDECREF(held->x);
    Py_XDECREF(held->g);
    Py_XDECREF(held->state[0]);
    Py_XDECREF(held->state[1]);
    Py_XDECREF(held->out);
}

static int steppable(PyObject *params, PyObject *states, PyObject *const *names)
{
    PyObject *p, *state;
    int answer = PyList_GET_SIZE(params) == PyList_GET_SIZE(states) ? DONE : UNKNOWN;
    for (Py_ssize_t i = 0; answer == DONE && pair_at(params, states, i, &p, &state); i++) {
        Held held;
        answer = look(p, state, names, &held);
        release(&held);
        Py_DECREF(state);
        Py_DECREF(p);
    }
    return answer;
}

static PyObject *zeros_like(PyArrayObject *a)
{
    PyArray_Descr *descr = PyArray_DESCR(a);
    Py_INCREF(descr);                                   /* which PyArray_Zeros steals */
    return PyArray_Zeros(PyArray_NDIM(a), PyArray_DIMS(a), descr, 0);
}

static int moved(PyObject *p) { return Py_TYPE(p) == tensor && SLOT(p, at_grad) != Py_None; }

/* Arrays that the state has not got are made, of zeros, and one for the result. That may run what a finalizer does, so
   all are looked at again after it. */
static int ready(PyObject *p, PyObject *state, PyObject *const *names, Part *part)
{
    Held *held = &part->held;
    int answer = look(p, state, names, held);
    if (answer == DONE && held->g == Py_None) {
        release(held);
        return UNKNOWN;
    }
    part->first = 0;
    PyObject *before = answer == DONE && is_large(ARRAY(held->x)) ? start_caching() : NULL;
    for (int i = 0; answer == DONE && i < 2 && names[i]; i++) {
        if (!held->state[i]) {
            part->first = 1;
            held->state[i] = zeros_like(ARRAY(held->x));
            answer = held->state[i] && PyDict_SetItem(state, names[i], held->state[i]) == 0 ? DONE : FAILED;
        }
    }
    if (answer == DONE && !(held->out = PyArray_NewLikeArray(ARRAY(held->x), NPY_CORDER, NULL, 0)))
        answer = FAILED;
    stop_caching(before);
    if (answer == DONE) {
        answer = is_like(held->x, held) && is_like(held->g, held) && is_like(held->out, held) ? DONE : UNKNOWN;
        for (int i = 0; answer == DONE && i < 2 && names[i]; i++)
            answer = is_like(held->state[i], held) && PyArray_ISWRITEABLE(ARRAY(held->state[i])) ? DONE : UNKNOWN;
    }
    if (answer != DONE) {
        release(held);
        if (answer == UNKNOWN)
            PyErr_SetString(PyExc_RuntimeError, "the parameters or the state changed during a step");
        return FAILED;
    }
    part->n = PyArray_SIZE(ARRAY(held->x));
    part->single = PyArray_DESCR(ARRAY(held->x)) == float32;
    part->x = PyArray_DATA(ARRAY(held->x));
    part->g = PyArray_DATA(ARRAY(held->g));
    for (int i = 0; i < 2; i++)
        part->state[i] = names[i] ? PyArray_DATA(ARRAY(held->state[i])) : NULL;
    part->out = PyArray_DATA(ARRAY(held->out));
    return DONE;
}

/* The state's arrays were changed in place. */
static int finish(PyObject *p, PyObject *Py_UNUSED(state), PyObject *const *Py_UNUSED(names), Part *part)
{
    close_to_writing(ARRAY(part->held.out));
    Py_XSETREF(SLOT(p, at_data), part->held.out);
    part->held.out = NULL;
    release(&part->held);
    return DONE;
}

/* --- the module -------------------------------------------------------------------------------------------------- */

static int offset(PyObject *type, const char *name, Py_ssize_t *into)
{
    PyObject *slot = PyObject_GetAttrString(type, name);
    int found = slot && Py_TYPE(slot) == &PyMemberDescr_Type;
    if (found)
        *into = ((PyMemberDescrObject *)slot)->d_member->offset;
    else if (slot)
        PyErr_Format(PyExc_TypeError, "%s is not a slot of %R", name, type);
    Py_XDECREF(slot);
    return found ? DONE : FAILED;
}

/* What is used of NumPy. */
static int use_numpy(void)
{
    if (PyArray_ImportNumPyAPI() < 0)
        return FAILED;
    PyObject *numpy = PyImport_ImportModule("numpy"), *add = numpy ? PyObject_GetAttrString(numpy, "add") : NULL;
    add_reduce = add ? PyObject_GetAttrString(add, "reduce") : NULL;
    zero = PyLong_FromLong(0);
    float32 = PyArray_DescrFromType(NPY_FLOAT32);
    float64 = PyArray_DescrFromType(NPY_FLOAT64);
    int found = numpy ? find_loops(numpy) : FAILED;
    Py_XDECREF(add);
    Py_XDECREF(numpy);
    return found == DONE && add_reduce && zero && float32 && float64 ? DONE : FAILED;
}

/* setup(Tensor, Node, Memory, nothing, constant, keep, fit, finite, errors, ignored, computed): keep(params) gives the parameters as a node keeps
   them, errors is the context variable in which NumPy keeps how it treats floating point errors, and ignored its value
   for not at all. */
static PyObject *tensor_setup(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *type, *behind;
    if (PyTuple_GET_SIZE(args) != 11) {
        PyErr_SetString(PyExc_TypeError, "setup takes 11 arguments");
        return NULL;
    }
    type = PyTuple_GET_ITEM(args, 0);
    behind = PyTuple_GET_ITEM(args, 2);
    if (use_numpy() < 0 || set_up_memory() < 0 || offset(behind, "_array", &at_array) < 0 || offset(type, "_data", &at_data) < 0 ||
        offset(type, "_grad", &at_grad) < 0 || offset(type, "_op", &at_op) < 0 ||
        offset(type, "_inputs", &at_inputs) < 0 || offset(type, "_params", &at_params) < 0 ||
        offset(type, "name", &at_name) < 0 || offset(type, "_operands", &at_operands) < 0 ||
        offset(type, "_fixed", &at_fixed) < 0)
        return NULL;
    for (int i = 0; i < 11; i++)
        Py_INCREF(PyTuple_GET_ITEM(args, i));           /* for as long as the module lives */
    if (!PyArg_ParseTuple(args, "OOOOOOOOOOO", &tensor, &node_type, &memory, &nothing, &constant, &keep, &fit, &is_finite,
                          &errors, &ignored, &computed) || PyContextVar_Get(errors, NULL, &usual_errors) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef tensor_methods[] = {
    {"setup", tensor_setup, METH_VARARGS, "Say what a Tensor is."},
    {"set_modes", set_modes, METH_VARARGS, "Which modes are on: while any but no_grad() is, Python does it all."},
    {"apply", (PyCFunction)(void (*)(void))tensor_apply, METH_FASTCALL, "apply(op, args, params) -> Tensor or None"},
    {"method", new_method, METH_VARARGS, "method(python, op, params, arity, reflected) -> the same, quicker"},
    {"same_bits", (PyCFunction)(void (*)(void))tensor_same_bits, METH_FASTCALL, "same_bits(array, array) -> bool"},
    {"array_function", tensor_array_function, METH_VARARGS, "array_function(name, python) -> the same, quicker, or None"},
    {"frozen", tensor_frozen, METH_O, "frozen(array) -> the same numbers, in an array that cannot be made writable"},
    {"backward", (PyCFunction)(void (*)(void))tensor_backward, METH_FASTCALL, "backward(root, seed) -> bool"},
    {"cotangents", tensor_cotangents, METH_O, "cotangents(seeds) -> dict or None"},
    {"leaves", tensor_leaves, METH_O, "leaves(root) -> list or None"},
    {"free_cached", tensor_free_cached, METH_NOARGS, "free_cached() -> the bytes that waited to be used again"},
    OPTIMIZERS,
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef tensor_module = {
    PyModuleDef_HEAD_INIT, "_tensor", "What of Tensor is in C; tensor.py sets it up.", -1, tensor_methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__tensor(void)
{
    s_array_rules = PyUnicode_InternFromString("array_rules");
    s_own = PyUnicode_InternFromString("_own");
    s_array = PyUnicode_InternFromString("array");
    s_data = PyUnicode_InternFromString("data");
    if (!s_array || !s_data || !s_array_rules || !s_own || name_states() < 0 || make_small_type() < 0)
        return NULL;
    method_type = (PyTypeObject *)PyType_FromSpec(&method_spec);
    return method_type ? PyModule_Create(&tensor_module) : NULL;
}
