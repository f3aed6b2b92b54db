/* Cycles of Values: a leaf whose gradient is a node, as backward(create_graph=True) leaves it, is below that node.

   The garbage collector does not know Values. So those leaves are in a list, and when it has run, they and all that hangs
   on them are looked at: what is referred to from outside lives, and what that refers to. A leaf that does not live loses
   its gradient; then all that only it held dies as usual. */

static Extra *with_node_grads;                          /* the first of the list */

static void list_extra(Extra *e, Value *owner)
{
    e->owner = owner;
    e->previous = NULL;
    e->next = with_node_grads;
    if (e->next)
        e->next->previous = e;
    with_node_grads = e;
}

static void unlist_extra(Extra *e)
{
    if (e->next)
        e->next->previous = e->previous;
    if (e->previous)
        e->previous->next = e->next;
    else
        with_node_grads = e->next;
    e->owner = NULL;
}

/* A Value, a Tensor, or a tuple of inputs. inside: how many references to it come from others that were seen. */
typedef struct { PyObject *o; Py_ssize_t inside; int alive; } Seen;

typedef struct {
    Seen *items;
    size_t *table, *stack;                              /* numbers of items: by object, plus 1; and those to go on from */
    size_t size, room, height;
    PyTypeObject *node;                                 /* the base of Value and Tensor */
} Island;

static size_t *place_of(const Island *d, PyObject *o)
{
    size_t mask = 2 * d->room - 1, i = ((uintptr_t)o >> 4) * 11400714819323198485u >> 20 & mask;
    while (d->table[i] && d->items[d->table[i] - 1].o != o)
        i = (i + 1) & mask;
    return &d->table[i];
}

static int room_for_more(Island *d)
{
    size_t room = d->room ? 2 * d->room : 64;
    Seen *items = PyMem_RawRealloc(d->items, room * sizeof *items);
    d->items = items ? items : d->items;
    size_t *stack = items ? PyMem_RawRealloc(d->stack, room * sizeof *stack) : NULL;
    d->stack = stack ? stack : d->stack;
    size_t *table = stack ? PyMem_RawCalloc(2 * room, sizeof *table) : NULL;
    if (!table)
        return FAILED;
    PyMem_RawFree(d->table);
    d->table = table;
    d->room = room;
    for (size_t i = 0; i < d->size; i++)
        *place_of(d, items[i].o) = i + 1;
    return DONE;
}

static int belongs(const Island *d, PyObject *o)
{
    return PyTuple_CheckExact(o) || is_value(o) || PyObject_TypeCheck(o, d->node);
}

/* What is done with each referent: functions as the collector's own. 0, or -1 without memory. */
static int see(PyObject *o, void *island)
{
    Island *d = island;
    if (!belongs(d, o))
        return 0;
    if (d->size == d->room && room_for_more(d) < 0)
        return -1;
    size_t *at = place_of(d, o);
    if (!*at) {
        d->items[d->size] = (Seen){o, 0, 0};
        d->stack[d->height++] = d->size;
        *at = ++d->size;
    }
    return 0;
}

static int count_inside(PyObject *o, void *island)
{
    Island *d = island;
    if (belongs(d, o))
        d->items[*place_of(d, o) - 1].inside++;
    return 0;
}

static int revive(PyObject *o, void *island)
{
    Island *d = island;
    size_t i = belongs(d, o) ? *place_of(d, o) - 1 : 0;
    if (belongs(d, o) && !d->items[i].alive) {
        d->items[i].alive = 1;
        d->stack[d->height++] = i;
    }
    return 0;
}

/* Call f with each thing that o refers to. */
static int each_referent(PyObject *o, visitproc f, Island *d)
{
    if (!is_value(o))
        return Py_TYPE(o)->tp_traverse ? Py_TYPE(o)->tp_traverse(o, f, d) : 0;
    Value *v = (Value *)o;
    Extra *e = extra(v);
    Operand b = second(v);
    PyObject *all[4] = {e ? e->grad : NULL, e ? e->name : NULL,
                        v->flags & WIDE ? v->a.tuple : v->flags & A_NODE ? (PyObject *)v->a.node : NULL,
                        v->flags & WIDE ? b.tuple : v->flags & B_NODE ? (PyObject *)b.node : NULL};
    int answer = 0;
    for (int i = 0; !answer && i < 4; i++)
        if (all[i])
            answer = f(all[i], d);
    return answer;
}

static void put_grad(Value *v, PyObject *o, double number);

/* free_cycles(Node): how many leaves have lost a gradient that only they held, and that held them. */
static PyObject *core_free_cycles(PyObject *Py_UNUSED(module), PyObject *node)
{
    if (!PyType_Check(node)) {
        PyErr_SetString(PyExc_TypeError, "free_cycles(the base of all nodes)");
        return NULL;
    }
    PyObject *dead = PyList_New(0);                     /* now, for it may start the garbage collector */
    Island d = {.node = (PyTypeObject *)node};
    int failed = !dead;
    for (Extra *e = with_node_grads; !failed && e; e = e->next)
        failed = see((PyObject *)e->owner, &d);
    while (!failed && d.height)
        failed = each_referent(d.items[d.stack[--d.height]].o, see, &d);
    if (failed) {
        Py_CLEAR(dead);
    } else {
        for (size_t i = 0; i < d.size; i++)
            each_referent(d.items[i].o, count_inside, &d);
        for (size_t i = 0; i < d.size; i++)
            if (Py_REFCNT(d.items[i].o) > d.items[i].inside)
                revive(d.items[i].o, &d);
        while (d.height)
            each_referent(d.items[d.stack[--d.height]].o, revive, &d);
        for (Extra *e = with_node_grads; e; e = e->next)
            if (!d.items[*place_of(&d, (PyObject *)e->owner) - 1].alive)
                PyList_Append(dead, (PyObject *)e->owner);
    }
    PyMem_RawFree(d.items);
    PyMem_RawFree(d.table);
    PyMem_RawFree(d.stack);
    if (!dead)
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    PyErr_Clear();                                      /* of memory for the list: the rest waits for the next time */
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(dead); i++)
        put_grad((Value *)PyList_GET_ITEM(dead, i), Py_None, 0.0);
    PyObject *number = PyLong_FromSsize_t(PyList_GET_SIZE(dead));
    Py_DECREF(dead);
    return number;
}
