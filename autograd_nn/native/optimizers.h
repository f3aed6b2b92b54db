/* Optimizers: one step over a list of parameters, with the state that the classes in optim/ keep.

   The engine that includes this file has said before what it holds of a parameter while it steps (`Held`), and says
   after it how a parameter gets ready for its step and how the step ends. */

#define T float
#define NAME(step) step##32
#define SQRT sqrtf
#include "steps.h"
#undef T
#undef NAME
#undef SQRT
#define T double
#define NAME(step) step##64
#define SQRT sqrt
#include "steps.h"
#undef T
#undef NAME
#undef SQRT

/* A parameter's n numbers, float if `single`, else double: its data, its gradient, what the state has under up to two
   names, and where the new data goes. first: the state had nothing yet, and is 0. */
typedef struct {
    Py_ssize_t n;
    int single, first;
    const void *x, *g;
    void *state[2], *out;
    Held held;
} Part;

/* The parameter number i and its state, in references of ours; 0 at the end of one of the lists, which a step may change
   (it runs what a finalizer does). */
static int pair_at(PyObject *params, PyObject *states, Py_ssize_t i, PyObject **p, PyObject **state)
{
    if (i >= PyList_GET_SIZE(params) || i >= PyList_GET_SIZE(states))
        return 0;
    *p = Py_NewRef(PyList_GET_ITEM(params, i));
    *state = Py_NewRef(PyList_GET_ITEM(states, i));
    return 1;
}

/* DONE if every parameter can take its step here, UNKNOWN if Python must do it; nothing has changed. */
static int steppable(PyObject *params, PyObject *states, PyObject *const *names);

/* Whether a parameter has a gradient. */
static inline int moved(PyObject *p);

/* DONE: the part is filled in, and ends in `finish`; UNKNOWN: the parameter has no gradient. Nothing may run between
   this and the end of the step that could change an array. */
static inline int ready(PyObject *p, PyObject *state, PyObject *const *names, Part *part);

/* The parameter and its state take over what the step wrote. */
static int finish(PyObject *p, PyObject *state, PyObject *const *names, Part *part);

static PyObject *name_velocity, *name_step, *name_mean, *name_square;

static int name_states(void)
{
    name_velocity = PyUnicode_InternFromString("velocity");
    name_step = PyUnicode_InternFromString("step");
    name_mean = PyUnicode_InternFromString("mean");
    name_square = PyUnicode_InternFromString("square");
    return name_velocity && name_step && name_mean && name_square ? DONE : FAILED;
}

/* sgd(params, states, lr, momentum, nesterov, weight_decay) -> False if Python must do it */
static PyObject *sgd(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *params, *states;
    int nesterov;
    double lr, momentum, decay;
    if (!PyArg_ParseTuple(args, "O!O!ddpd", &PyList_Type, &params, &PyList_Type, &states, &lr, &momentum, &nesterov,
                          &decay))
        return NULL;
    PyObject *names[2] = {momentum ? name_velocity : NULL, NULL};
    int answer = steppable(params, states, names);
    PyObject *p, *state;
    for (Py_ssize_t i = 0; answer == DONE && pair_at(params, states, i, &p, &state); i++) {
        Part part;
        int moves = ready(p, state, names, &part);
        if (moves == DONE && part.single)
            sgd32(part.n, part.x, part.g, part.state[0], part.out, part.first, (float)lr, (float)momentum, nesterov,
                  (float)decay);
        else if (moves == DONE)
            sgd64(part.n, part.x, part.g, part.state[0], part.out, part.first, lr, momentum, nesterov, decay);
        if (moves != UNKNOWN)
            answer = moves == DONE ? finish(p, state, names, &part) : FAILED;
        Py_DECREF(state);
        Py_DECREF(p);
    }
    return answer == FAILED ? NULL : PyBool_FromLong(answer);
}

/* The number of a step, and its rate and eps as adam.py's `corrected` has them. */
typedef struct { double t, rate, eps; } Count;

/* Count a parameter's step. `last` is the step of the one before it, which most often is the same. */
static int count(PyObject *state, PyObject *corrected, Count *last)
{
    PyObject *before = PyDict_GetItemWithError(state, name_step), *pair = NULL;
    double t = before ? PyFloat_AsDouble(before) + 1.0 : 1.0;
    PyObject *step = (!before || t == 0.0) && PyErr_Occurred() ? NULL : PyLong_FromDouble(t);
    int answer = step && PyDict_SetItem(state, name_step, step) == 0 ? DONE : FAILED;
    if (answer == DONE && t != last->t) {
        pair = PyObject_CallOneArg(corrected, step);
        answer = pair && PyArg_ParseTuple(pair, "dd", &last->rate, &last->eps) ? DONE : FAILED;
        last->t = t;
    }
    Py_XDECREF(pair);
    Py_XDECREF(step);
    return answer;
}

/* adam(params, states, corrected, b1, b2, weight_decay) -> False if Python must do it. corrected(t): rate and eps. */
static PyObject *adam(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *params, *states, *corrected, *p, *state, *names[2] = {name_mean, name_square};
    double b1, b2, decay;
    if (!PyArg_ParseTuple(args, "O!O!Oddd", &PyList_Type, &params, &PyList_Type, &states, &corrected, &b1, &b2, &decay))
        return NULL;
    Count now = {0};
    int answer = steppable(params, states, names);
    for (Py_ssize_t i = 0; answer == DONE && pair_at(params, states, i, &p, &state); i++) {
        Part part;
        int moves = moved(p) ? count(state, corrected, &now) : UNKNOWN;
        if (moves == DONE)
            moves = ready(p, state, names, &part);
        if (moves == DONE && part.single)
            adam32(part.n, part.x, part.g, part.state[0], part.state[1], part.out, (float)now.rate, (float)b1,
                   (float)(1 - b1), (float)b2, (float)(1 - b2), (float)now.eps, (float)decay);
        else if (moves == DONE)
            adam64(part.n, part.x, part.g, part.state[0], part.state[1], part.out, now.rate, b1, 1 - b1, b2, 1 - b2,
                   now.eps, decay);
        if (moves != UNKNOWN)
            answer = moves == DONE ? finish(p, state, names, &part) : FAILED;
        Py_DECREF(state);
        Py_DECREF(p);
    }
    return answer == FAILED ? NULL : PyBool_FromLong(answer);
}

#define OPTIMIZERS \
    {"sgd", sgd, METH_VARARGS, "sgd(params, states, lr, momentum, nesterov, weight_decay) -> bool"}, \
    {"adam", adam, METH_VARARGS, "adam(params, states, corrected, b1, b2, weight_decay) -> bool"}
