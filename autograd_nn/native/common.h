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

static int special;             /* how many modes (no_grad, check_finite) are on */

/* set_special(number): while any mode is on, every op goes to Python. */
static PyObject *set_special(PyObject *Py_UNUSED(module), PyObject *number)
{
    long n = PyLong_AsLong(number);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    special = n != 0;
    Py_RETURN_NONE;
}
