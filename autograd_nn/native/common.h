/* What both engines use: Python, the answers of their functions, and whether a mode is on.

   State that all threads share is guarded by the global interpreter lock, which no function here gives up while it
   holds a part of that state in its hands. A build of Python without the lock refuses these files, and the package
   is then pure Python. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <math.h>
#include <stdint.h>

#ifdef Py_GIL_DISABLED
#error "the engines in C need the global interpreter lock"
#endif

enum { FAILED = -1, UNKNOWN = 0, DONE = 1 };            /* FAILED: an exception is set; UNKNOWN: Python must do it */

enum { NO_MODE, NO_GRAD, OTHER_MODES };                 /* what is on: nothing, no_grad() alone, or also other modes */
static int modes;                                       /* the most that is on in any thread */
static PyObject *mode, *s_recording;                    /* what is on in the thread that asks: of core/modes.py */

/* set_modes(modes, mode): while there are other modes than no_grad(), every op goes to Python. */
static PyObject *set_modes(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *given;
    if (!PyArg_ParseTuple(args, "iO", &modes, &given) ||
        (!s_recording && !(s_recording = PyUnicode_InternFromString("recording"))))
        return NULL;
    Py_XSETREF(mode, Py_NewRef(given));
    Py_RETURN_NONE;
}

/* Whether ops record nothing in this thread; FAILED with an exception. */
static int silent(void)
{
    if (modes == NO_MODE)
        return 0;
    PyObject *recording = PyObject_GetAttr(mode, s_recording);
    Py_XDECREF(recording);
    return recording ? recording == Py_False : FAILED;
}
