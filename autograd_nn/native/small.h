/* Array functions of the op table on small arrays: NumPy's numbers, to the last bit, in one step instead of several.

   To ask NumPy for a step takes longer than the step does, as long as an array is small. So its loops over the numbers
   (exp, log, add ...), which its ufuncs hold, are called here without the questions around them. Each function stands
   for one in Python, in autograd_nn/ops, which says what it must do, and which does it where an argument is not in its
   usual form: another dtype, not in C's order, large, an inf among the numbers. So it does, too, where a number
   overflowed or came out as nan or as next to nothing: NumPy then warns as it has been told to. */

#include <fenv.h>
#include <numpy/ufuncobject.h>

#define SMALL 16384             /* elements; with more, NumPy's questions cost next to nothing, and its ways are quicker */

/* --- the flags that a computation leaves in the processor ------------------------------------------------------ */

#define WARNINGS (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW)

static PyObject *usual_errors;  /* the value of `errors` where nobody has told NumPy anything */

static void clear_flags(void)
{
    if (fetestexcept(WARNINGS))                         /* to look takes a tenth of the time of clearing */
        feclearexcept(WARNINGS);
}

/* Whether something overflowed or came out as nan: then Python takes another way. */
static int loud(void) { return fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0; }

/* Whether NumPy would say something of what the flags tell. A number that is nearly 0 it passes over, unless told not to:
   probabilities often are. */
static int any_flag(void)
{
    int flags = fetestexcept(WARNINGS);
    PyObject *state = NULL;
    if (!flags || PyContextVar_Get(errors, NULL, &state) < 0)
        return flags != 0;
    int passed_over = state == ignored || (state == usual_errors && flags == FE_UNDERFLOW);
    Py_XDECREF(state);
    return !passed_over;
}

/* --- NumPy's loops ---------------------------------------------------------------------------------------------- */

typedef struct { PyUFuncGenericFunction run; void *data; } Loop;
typedef struct { Loop single, twice; } Loops;           /* over float32 and float64 */

static PyTypeObject *ufunc_type;
static Loops add_loops, cosh_loops, exp_loops, expm1_loops, log_loops, log1p_loops, maximum_loops;

/* The loop over numbers of this type, in and out; .run is NULL if there is none. */
static Loop loop_of(const PyUFuncObject *ufunc, int type)
{
    for (int i = 0; i < ufunc->ntypes; i++) {
        int k = 0;
        while (k < ufunc->nargs && ufunc->types[i * ufunc->nargs + k] == type)
            k++;
        if (k == ufunc->nargs)
            return (Loop){ufunc->functions[i], ufunc->data ? ufunc->data[i] : NULL};
    }
    return (Loop){NULL, NULL};
}

static int find_loops(PyObject *numpy)
{
    static const struct { const char *name; Loops *into; } wanted[] = {
        {"add", &add_loops}, {"cosh", &cosh_loops}, {"exp", &exp_loops}, {"expm1", &expm1_loops}, {"log", &log_loops},
        {"log1p", &log1p_loops}, {"maximum", &maximum_loops},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        PyObject *ufunc = PyObject_GetAttrString(numpy, wanted[i].name);
        if (!ufunc)
            return FAILED;
        ufunc_type = Py_TYPE(ufunc);
        *wanted[i].into = (Loops){loop_of((PyUFuncObject *)ufunc, NPY_FLOAT), loop_of((PyUFuncObject *)ufunc, NPY_DOUBLE)};
        Py_DECREF(ufunc);                               /* NumPy keeps it, and its loops */
        if (!wanted[i].into->single.run || !wanted[i].into->twice.run) {
            PyErr_Format(PyExc_ImportError, "this NumPy's %s has no loop over floats", wanted[i].name);
            return FAILED;
        }
    }
    return DONE;
}

static Loop over(const Loops *loops, npy_intp width) { return width == sizeof(float) ? loops->single : loops->twice; }

/* y = f(x) over n numbers that follow each other; x and y may be the same. */
static void each(const Loops *loops, npy_intp width, npy_intp n, char *x, char *y)
{
    char *at[2] = {x, y};
    npy_intp steps[2] = {width, width};
    Loop loop = over(loops, width);
    loop.run(at, &n, steps, loop.data);
}

/* The sum of n numbers that follow each other, in NumPy's order. */
static void total(npy_intp width, npy_intp n, char *x, char *into)
{
    char *at[3] = {into, x, into};
    npy_intp steps[3] = {0, width, 0};
    Loop loop = over(&add_loops, width);
    memset(into, 0, (size_t)width);
    loop.run(at, &n, steps, loop.data);
}

/* --- what is asked of arguments --------------------------------------------------------------------------------- */

/* The bytes of a number, if o is a small array of float32 or float64 with its numbers in C's order; else 0. */
static npy_intp width_of(PyObject *o)
{
    if (!is_array(o) || !is_plain(ARRAY(o)) || PyArray_SIZE(ARRAY(o)) > SMALL)
        return 0;
    return PyArray_DESCR(ARRAY(o)) == float32 ? (npy_intp)sizeof(float)
         : PyArray_DESCR(ARRAY(o)) == float64 ? (npy_intp)sizeof(double) : 0;
}

static PyObject *empty(int ndim, const npy_intp *shape, npy_intp width)
{
    return PyArray_SimpleNew(ndim, shape, width == sizeof(float) ? NPY_FLOAT : NPY_DOUBLE);
}

static PyObject *empty_like(PyObject *o)
{
    return empty(PyArray_NDIM(ARRAY(o)), PyArray_DIMS(ARRAY(o)), PyArray_ITEMSIZE(ARRAY(o)));
}

#define NUMBERS(o) PyArray_BYTES(ARRAY(o))

/* --- ufuncs, as tensor.c calls them for an op ------------------------------------------------------------------- */

/* A number of Python's as one of this width, if it is exactly that; else 0. */
static int exact_number(PyObject *o, npy_intp width, char *into)
{
    double x;
    if (PyFloat_CheckExact(o)) {
        x = PyFloat_AS_DOUBLE(o);
    } else if (PyLong_CheckExact(o)) {
        int overflow;
        long long n = PyLong_AsLongLongAndOverflow(o, &overflow);
        if (overflow || n > (1LL << 24) || n < -(1LL << 24))
            return 0;
        x = (double)n;
    } else {
        return 0;
    }
    if (width == sizeof(double)) {
        memcpy(into, &x, sizeof x);
    } else {
        float single = (float)x;
        if (isfinite(x) && (!isfinite(single) || (single == 0) != (x == 0)))
            return 0;
        memcpy(into, &single, sizeof single);
    }
    return 1;
}

/* What a ufunc of one or two small arrays of one shape and dtype, or numbers beside one, gives; NULL without an
   exception if NumPy must be asked. */
static PyObject *small_ufunc(PyObject *array, PyObject *const *x, Py_ssize_t n)
{
    const PyUFuncObject *ufunc = (PyUFuncObject *)array;
    if (Py_TYPE(array) != ufunc_type || n < 1 || n > 2 || ufunc->nin != n || ufunc->nout != 1 || ufunc->core_enabled)
        return NULL;
    npy_intp width[2], steps[3];
    char *at[3], number[sizeof(double)];
    for (int i = 0; i < n; i++)
        width[i] = width_of(x[i]);
    PyObject *form = width[0] ? x[0] : n == 2 && width[1] ? x[1] : NULL;
    if (!form)
        return NULL;
    npy_intp size = PyArray_SIZE(ARRAY(form)), w = PyArray_ITEMSIZE(ARRAY(form));
    for (int i = 0; i < n; i++) {
        int is_number = !width[i] && exact_number(x[i], w, number);
        if (!is_number && !(width[i] && same_form(ARRAY(x[i]), ARRAY(form))))
            return NULL;
        at[i] = is_number ? number : NUMBERS(x[i]);
        steps[i] = is_number || !PyArray_NDIM(ARRAY(form)) ? 0 : w;     /* as NumPy steps over a single number */
    }
    Loop loop = loop_of(ufunc, w == sizeof(float) ? NPY_FLOAT : NPY_DOUBLE);
    PyObject *y = loop.run ? empty_like(form) : NULL;
    if (!y)
        return NULL;
    at[n] = NUMBERS(y);
    steps[n] = w;
    clear_flags();
    loop.run(at, &size, steps, loop.data);
    if (any_flag())
        Py_CLEAR(y);
    return y;
}

/* --- the functions ---------------------------------------------------------------------------------------------- */

/* Steps that round as NumPy's do wherever they are taken. rows: n of m numbers each; one number of `of` for each row. */
#define STEPS(T, suffix) \
static int largest##suffix(npy_intp n, npy_intp m, const T *x, T *top)             /* 0 if one is not finite */ \
{ \
    for (npy_intp i = 0; i < n; i++) { \
        T found = x[i * m]; \
        for (npy_intp k = 0; k < m; k++) { \
            T here = x[i * m + k]; \
            if (here != here) \
                return 0; \
            found = here > found ? here : found; \
        } \
        if (!isfinite(found)) \
            return 0; \
        top[i] = found; \
    } \
    return 1; \
} \
static void less_rows##suffix(npy_intp n, npy_intp m, const T *x, const T *of, T *y) \
{ \
    for (npy_intp i = 0; i < n; i++) \
        for (npy_intp k = 0; k < m; k++) \
            y[i * m + k] = x[i * m + k] - of[i]; \
} \
static void times_rows##suffix(npy_intp n, npy_intp m, const T *of, T *y) \
{ \
    for (npy_intp i = 0; i < n; i++) \
        for (npy_intp k = 0; k < m; k++) \
            y[i * m + k] *= of[i]; \
} \
static void plus_row##suffix(npy_intp n, npy_intp m, const T *x, const T *row, T *y)   /* the same row to each */ \
{ \
    for (npy_intp i = 0; i < n; i++) \
        for (npy_intp k = 0; k < m; k++) \
            y[i * m + k] = x[i * m + k] + row[k]; \
} \
static void divided_twice##suffix(npy_intp n, const T *x, T *y)                   /* y becomes x / y / y */ \
{ \
    for (npy_intp i = 0; i < n; i++) \
        y[i] = x[i] / y[i] / y[i]; \
} \
static int step##suffix(npy_intp n, const T *x, T *y)                              /* 0 if one is nan */ \
{ \
    int fine = 1; \
    for (npy_intp i = 0; i < n; i++) { \
        fine &= x[i] == x[i]; \
        y[i] = x[i] > 0; \
    } \
    return fine; \
} \
/* ln(sum(e^x)) of rows whose largest number is 0, and e is e^x: by log1p of the rest, where that 0 is nearly all. */ \
static void near_certainty##suffix(npy_intp n, npy_intp m, const T *x, const T *top, T *e, const T *totals, T *rest, T *y) \
{ \
    for (npy_intp i = 0; i < n; i++) { \
        for (npy_intp k = 0; k < m; k++) \
            e[i * m + k] -= x[i * m + k] == top[i]; \
        total(sizeof(T), m, (char *)(e + i * m), (char *)(rest + i)); \
    } \
    each(&log1p_loops, sizeof(T), n, (char *)rest, (char *)rest); \
    for (npy_intp i = 0; i < n; i++) \
        if (totals[i] >= 1 && totals[i] < (T)1.25) \
            y[i] = rest[i]; \
} \
static void softmax##suffix(npy_intp n, npy_intp m, const T *x, T *top, T *y)       /* by rows, whose largest is in top */ \
{ \
    const npy_intp block = m < 4096 ? 4096 / m : 1;             /* so many rows stay in the cache for all steps */ \
    for (npy_intp start = 0; start < n; start += block) { \
        npy_intp rows = start + block < n ? block : n - start; \
        T *part = y + start * m; \
        less_rows##suffix(rows, m, x + start * m, top + start, part); \
        each(&exp_loops, sizeof(T), rows * m, (char *)part, (char *)part); \
        for (npy_intp i = 0; i < rows; i++) { \
            T sum; \
            total(sizeof(T), m, (char *)(part + i * m), (char *)&sum); \
            for (npy_intp k = 0; k < m; k++) \
                part[i * m + k] /= sum; \
        } \
    } \
} \
static void from_probabilities##suffix(npy_intp n, npy_intp m, const T *g, const T *p, T *scratch, T *y) \
{ \
    for (npy_intp i = 0; i < n; i++, g += m, p += m, y += m) { \
        npy_intp top = 0; \
        T sum; \
        for (npy_intp k = 1; k < m; k++) \
            top = p[k] > p[top] ? k : top; \
        for (npy_intp k = 0; k < m; k++) { \
            y[k] = g[k] - g[top]; \
            scratch[k] = y[k] * p[k]; \
        } \
        total(sizeof(T), m, (char *)scratch, (char *)&sum); \
        for (npy_intp k = 0; k < m; k++) \
            y[k] = p[k] * (y[k] - sum); \
    } \
} \
/* A row less its mean; what the mean of the squares of that is. */ \
static T centred##suffix(npy_intp m, const T *x, T *scratch, T *y) \
{ \
    T sum; \
    total(sizeof(T), m, (char *)x, (char *)&sum); \
    T mean = sum / (T)m; \
    for (npy_intp k = 0; k < m; k++) { \
        y[k] = x[k] - mean; \
        scratch[k] = y[k] * y[k]; \
    } \
    total(sizeof(T), m, (char *)scratch, (char *)&sum); \
    return sum / (T)m; \
} \
static void standardize##suffix(npy_intp n, npy_intp m, const T *x, T eps, T *scratch, T *y) \
{ \
    for (npy_intp i = 0; i < n; i++, x += m, y += m) { \
        T factor = 1 / (T)SQRT##suffix(centred##suffix(m, x, scratch, y) + eps); \
        for (npy_intp k = 0; k < m; k++) \
            y[k] *= factor; \
    } \
} \
static void from_standardized##suffix(npy_intp n, npy_intp m, const T *g, const T *z, const T *x, T eps, T *scratch, T *y) \
{ \
    for (npy_intp i = 0; i < n; i++, g += m, z += m, x += m, y += m) { \
        T root = SQRT##suffix(centred##suffix(m, x, scratch, y) + eps), sum, mean, along; \
        total(sizeof(T), m, (char *)g, (char *)&sum); \
        mean = sum / (T)m; \
        for (npy_intp k = 0; k < m; k++) \
            scratch[k] = g[k] * z[k]; \
        total(sizeof(T), m, (char *)scratch, (char *)&sum); \
        along = sum / (T)m; \
        for (npy_intp k = 0; k < m; k++) \
            y[k] = (g[k] - mean - z[k] * along) / root; \
    } \
} \
static int all_far##suffix(npy_intp n, const T *totals) \
{ \
    int far = 1; \
    for (npy_intp i = 0; i < n; i++) \
        far &= totals[i] >= (T)1.25; \
    return far; \
} \
static int cross_entropy##suffix(npy_intp n, npy_intp m, const T *x, const npy_intp *target, T *scratch, T *y) \
{ \
    T *e = scratch, *top = e + n * m, *totals = top + n, *rest = totals + n; \
    if (!largest##suffix(n, m, x, top)) \
        return 0; \
    less_rows##suffix(n, m, x, top, e); \
    each(&exp_loops, sizeof(T), n * m, (char *)e, (char *)e); \
    for (npy_intp i = 0; i < n; i++) \
        total(sizeof(T), m, (char *)(e + i * m), (char *)(totals + i)); \
    each(&log_loops, sizeof(T), n, (char *)totals, (char *)y); \
    if (!all_far##suffix(n, totals)) \
        near_certainty##suffix(n, m, x, top, e, totals, rest, y); \
    for (npy_intp i = 0; i < n; i++) \
        y[i] += top[i] - x[i * m + target[i]]; \
    return 1; \
} \
static void excess##suffix(npy_intp n, npy_intp m, const T *g, const T *loss, const T *x, const npy_intp *target, \
                           T *scratch, T *p) \
{ \
    for (npy_intp i = 0; i < n; i++) \
        scratch[i] = x[i * m + target[i]]; \
    less_rows##suffix(n, m, x, scratch, p); \
    less_rows##suffix(n, m, p, loss, p); \
    each(&exp_loops, sizeof(T), n * m, (char *)p, (char *)p); \
    for (npy_intp i = 0; i < n; i++) \
        scratch[i] = -loss[i]; \
    each(&expm1_loops, sizeof(T), n, (char *)scratch, (char *)scratch); \
    for (npy_intp i = 0; i < n; i++) \
        p[i * m + target[i]] = scratch[i]; \
    times_rows##suffix(n, m, g, p); \
}
#define SQRT32 sqrtf
#define SQRT64 sqrt
STEPS(float, 32)
STEPS(double, 64)

/* A function gives its result, or NULL: without an exception, Python must do it. `named` are the names of the last of
   the arguments, n are before them. */
typedef PyObject *Function(PyObject *const *args, Py_ssize_t n, PyObject *named);

static PyObject *s_index, *s_loss, *s_eps, *s_axis, *s_keepdims, *s_shape, *s_kept;

/* Whether the arguments are n of this number, and then those of these names. */
static int call_is(Py_ssize_t n, PyObject *named, Py_ssize_t wanted, PyObject *first, PyObject *second)
{
    Py_ssize_t names = named ? PyTuple_GET_SIZE(named) : 0;
    return n == wanted && names == !!first + !!second && (!first || PyTuple_GET_ITEM(named, 0) == first) &&
        (!second || PyTuple_GET_ITEM(named, 1) == second);
}

/* The classes of the rows of x, if each is one; else NULL. */
static const npy_intp *classes(PyObject *index, PyObject *x)
{
    PyArrayObject *a = ARRAY(index);
    int last = PyArray_NDIM(ARRAY(x)) - 1;
    if (!is_array(index) || PyArray_TYPE(a) != NPY_INTP || !is_plain(a) || last < 0 || PyArray_NDIM(a) != last ||
        !PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(ARRAY(x)), last))
        return NULL;
    npy_intp m = PyArray_DIM(ARRAY(x), last);
    const npy_intp *target = PyArray_DATA(a);
    for (npy_intp i = 0; i < PyArray_SIZE(a); i++)
        if (target[i] < 0 || target[i] >= m)
            return NULL;
    return target;
}

/* _cross_entropy(x, index=) of networks/fused.py */
static PyObject *function_softmax_cross_entropy(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp width = call_is(n, named, 1, s_index, NULL) ? width_of(args[0]) : 0;
    const npy_intp *target = width ? classes(args[1], args[0]) : NULL;
    if (!target || !PyArray_SIZE(ARRAY(args[0])))
        return NULL;
    npy_intp rows = PyArray_SIZE(ARRAY(args[1])), m = PyArray_SIZE(ARRAY(args[0])) / rows;
    PyObject *y = empty(PyArray_NDIM(ARRAY(args[1])), PyArray_DIMS(ARRAY(args[1])), width);
    void *scratch = PyMem_Malloc((size_t)(rows * (m + 3) * width));
    int fine = y && scratch &&
        (width == sizeof(float) ? cross_entropy32(rows, m, PyArray_DATA(ARRAY(args[0])), target, scratch, PyArray_DATA(ARRAY(y)))
                                : cross_entropy64(rows, m, PyArray_DATA(ARRAY(args[0])), target, scratch, PyArray_DATA(ARRAY(y))));
    PyMem_Free(scratch);
    if (!fine)
        Py_CLEAR(y);
    return y ? PyArray_Return(ARRAY(y)) : NULL;
}

/* _excess(g, x, index=, loss=) of networks/fused.py, by a loss that is known */
static PyObject *function_softmax_excess(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp width = call_is(n, named, 2, s_index, s_loss) ? width_of(args[1]) : 0;
    PyObject *g = args[0], *x = width ? args[1] : NULL, *index = width ? args[2] : NULL, *loss = width ? args[3] : NULL;
    const npy_intp *target = width ? classes(index, x) : NULL;
    if (!target || !PyArray_SIZE(ARRAY(x)) || width_of(g) != width || width_of(loss) != width ||
        !same_form(ARRAY(g), ARRAY(loss)) || !PyArray_SAMESHAPE(ARRAY(g), ARRAY(index)))
        return NULL;
    npy_intp rows = PyArray_SIZE(ARRAY(index)), m = PyArray_SIZE(ARRAY(x)) / rows;
    PyObject *p = empty_like(x);
    void *scratch = p ? PyMem_Malloc((size_t)(rows * width)) : NULL;
    if (!scratch)
        Py_CLEAR(p);
    else if (width == sizeof(float))
        excess32(rows, m, PyArray_DATA(ARRAY(g)), PyArray_DATA(ARRAY(loss)), PyArray_DATA(ARRAY(x)), target, scratch,
                 PyArray_DATA(ARRAY(p)));
    else
        excess64(rows, m, PyArray_DATA(ARRAY(g)), PyArray_DATA(ARRAY(loss)), PyArray_DATA(ARRAY(x)), target, scratch,
                 PyArray_DATA(ARRAY(p)));
    PyMem_Free(scratch);
    return p;
}

/* Whether an array of float32 or float64 in C's order, of any size, may be taken row by row: `axis` is its last one, or a
   tuple of that alone. Its rows and their length, then. */
static int is_in_rows(PyObject *x, PyObject *axis, npy_intp *rows, npy_intp *m)
{
    if (PyTuple_CheckExact(axis) && PyTuple_GET_SIZE(axis) == 1)
        axis = PyTuple_GET_ITEM(axis, 0);
    if (!is_array(x) || !is_plain(ARRAY(x)) || !PyArray_NDIM(ARRAY(x)) || !PyArray_SIZE(ARRAY(x)) ||
        (PyArray_DESCR(ARRAY(x)) != float32 && PyArray_DESCR(ARRAY(x)) != float64) || !PyLong_CheckExact(axis))
        return 0;
    long last = PyLong_AsLong(axis);
    PyErr_Clear();                                      /* of a number that is no long */
    *m = PyArray_DIM(ARRAY(x), PyArray_NDIM(ARRAY(x)) - 1);
    *rows = PyArray_SIZE(ARRAY(x)) / *m;
    return last == -1 || last == PyArray_NDIM(ARRAY(x)) - 1;
}

static int is_single(PyObject *x) { return PyArray_DESCR(ARRAY(x)) == float32; }

/* from_probabilities(g, p, axis) of elementwise/activation.py */
static PyObject *function_from_probabilities(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp rows, m;
    if (!call_is(n, named, 3, NULL, NULL) || !is_in_rows(args[1], args[2], &rows, &m) || !is_array(args[0]) ||
        !is_plain(ARRAY(args[0])) || !same_form(ARRAY(args[0]), ARRAY(args[1])) || all_finite(args[1]) != 1)
        return NULL;
    PyObject *y = empty_like(args[1]);
    void *scratch = y ? PyMem_Malloc((size_t)(m * PyArray_ITEMSIZE(ARRAY(y)))) : NULL;
    if (!scratch)
        Py_CLEAR(y);
    else if (is_single(y))
        from_probabilities32(rows, m, PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(args[1])), scratch, PyArray_DATA(ARRAY(y)));
    else
        from_probabilities64(rows, m, PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(args[1])), scratch, PyArray_DATA(ARRAY(y)));
    PyMem_Free(scratch);
    return y;
}

/* _standardize(x, axis=, eps=) of networks/normalization.py */
static PyObject *function_standardize(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp rows, m;
    if (!call_is(n, named, 1, s_axis, s_eps) || !is_in_rows(args[0], args[1], &rows, &m) || !PyFloat_CheckExact(args[2]))
        return NULL;
    PyObject *y = empty_like(args[0]);
    void *scratch = y ? PyMem_Malloc((size_t)(m * PyArray_ITEMSIZE(ARRAY(y)))) : NULL;
    double eps = PyFloat_AS_DOUBLE(args[2]);
    if (!scratch)
        Py_CLEAR(y);
    else if (is_single(y))
        standardize32(rows, m, PyArray_DATA(ARRAY(args[0])), (float)eps, scratch, PyArray_DATA(ARRAY(y)));
    else
        standardize64(rows, m, PyArray_DATA(ARRAY(args[0])), eps, scratch, PyArray_DATA(ARRAY(y)));
    PyMem_Free(scratch);
    if (y && loud())                                    /* of squares that overflow, say */
        Py_CLEAR(y);
    return y;
}

/* from_standardized(g, y, x, axis, eps) of networks/normalization.py */
static PyObject *function_from_standardized(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp rows, m;
    if (!call_is(n, named, 5, NULL, NULL) || !is_in_rows(args[2], args[3], &rows, &m) || !PyFloat_CheckExact(args[4]))
        return NULL;
    for (int i = 0; i < 2; i++)
        if (!is_array(args[i]) || !is_plain(ARRAY(args[i])) || !same_form(ARRAY(args[i]), ARRAY(args[2])))
            return NULL;
    PyObject *y = empty_like(args[2]);
    void *scratch = y ? PyMem_Malloc((size_t)(m * PyArray_ITEMSIZE(ARRAY(y)))) : NULL;
    double eps = PyFloat_AS_DOUBLE(args[4]);
    if (!scratch)
        Py_CLEAR(y);
    else if (is_single(y))
        from_standardized32(rows, m, PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(args[1])), PyArray_DATA(ARRAY(args[2])),
                            (float)eps, scratch, PyArray_DATA(ARRAY(y)));
    else
        from_standardized64(rows, m, PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(args[1])), PyArray_DATA(ARRAY(args[2])),
                            eps, scratch, PyArray_DATA(ARRAY(y)));
    PyMem_Free(scratch);
    if (y && loud())
        Py_CLEAR(y);
    return y;
}

/* _softmax(x, axis=) of elementwise/activation.py, over the last axis; of any size */
static PyObject *function_softmax(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    PyObject *x = args[0];
    npy_intp rows, m;
    if (!call_is(n, named, 1, s_axis, NULL) || PyTuple_CheckExact(args[1]) || !is_in_rows(x, args[1], &rows, &m))
        return NULL;
    int single = is_single(x);
    void *top = PyMem_Malloc((size_t)(rows * PyArray_ITEMSIZE(ARRAY(x))));
    PyObject *y = top ? empty_like(x) : NULL;
    if (y && !(single ? largest32(rows, m, PyArray_DATA(ARRAY(x)), top) : largest64(rows, m, PyArray_DATA(ARRAY(x)), top)))
        Py_CLEAR(y);
    else if (y && single)
        softmax32(rows, m, PyArray_DATA(ARRAY(x)), top, PyArray_DATA(ARRAY(y)));
    else if (y)
        softmax64(rows, m, PyArray_DATA(ARRAY(x)), top, PyArray_DATA(ARRAY(y)));
    PyMem_Free(top);
    return y;
}

/* _matmul(x, y) of matrices/matmul.py, of two matrices */
static PyObject *function_matmul(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    if (!call_is(n, named, 2, NULL, NULL) || !is_array(args[0]) || !is_array(args[1]) ||
        PyArray_NDIM(ARRAY(args[0])) != 2 || PyArray_NDIM(ARRAY(args[1])) != 2)
        return NULL;
    PyObject *y = PyArray_MatrixProduct2(args[0], args[1], NULL);
    clear_flags();                                      /* for which NumPy's dot does not look */
    return y;
}

/* _linear(x, w, b) of networks/fused.py */
static PyObject *function_linear(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp width = call_is(n, named, 3, NULL, NULL) ? width_of(args[2]) : 0;
    if (!width || !is_array(args[0]) || !is_array(args[1]) || PyArray_NDIM(ARRAY(args[0])) != 2 ||
        PyArray_NDIM(ARRAY(args[1])) != 2 || PyArray_NDIM(ARRAY(args[2])) != 1 ||
        PyArray_DIM(ARRAY(args[0]), 1) != PyArray_DIM(ARRAY(args[1]), 1) ||
        PyArray_DIM(ARRAY(args[1]), 0) != PyArray_DIM(ARRAY(args[2]), 0) ||
        PyArray_DESCR(ARRAY(args[0])) != PyArray_DESCR(ARRAY(args[2])) ||
        PyArray_DESCR(ARRAY(args[1])) != PyArray_DESCR(ARRAY(args[2])) ||
        PyArray_DIM(ARRAY(args[0]), 0) * PyArray_DIM(ARRAY(args[1]), 0) > SMALL)
        return NULL;
    PyObject *transposed = PyArray_Transpose(ARRAY(args[1]), NULL);
    PyObject *x = transposed ? PyArray_MatrixProduct2(args[0], transposed, NULL) : NULL;
    Py_XDECREF(transposed);
    PyObject *y = x && width_of(x) == width ? empty_like(x) : NULL;
    if (y) {
        npy_intp rows = PyArray_DIM(ARRAY(y), 0), m = PyArray_DIM(ARRAY(y), 1);
        clear_flags();
        if (width == sizeof(float))
            plus_row32(rows, m, PyArray_DATA(ARRAY(x)), PyArray_DATA(ARRAY(args[2])), PyArray_DATA(ARRAY(y)));
        else
            plus_row64(rows, m, PyArray_DATA(ARRAY(x)), PyArray_DATA(ARRAY(args[2])), PyArray_DATA(ARRAY(y)));
        if (any_flag()) {                               /* of the product NumPy has warned already */
            Py_SETREF(y, PyNumber_InPlaceAdd(x, args[2]));
            clear_flags();
        }
    }
    Py_XDECREF(x);
    return y;
}

#define WIDE 64                 /* elements of a row: as in elementwise/activation.py */

/* _relu(x) of elementwise/activation.py */
static PyObject *function_relu(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp w = call_is(n, named, 1, NULL, NULL) ? width_of(args[0]) : 0;
    int ndim = w ? PyArray_NDIM(ARRAY(args[0])) : 0;
    if (!ndim || PyArray_DIM(ARRAY(args[0]), ndim - 1) >= WIDE)
        return NULL;
    PyObject *y = empty_like(args[0]);
    if (y) {
        double zero = 0.0;
        char *at[3] = {NUMBERS(args[0]), (char *)&zero, NUMBERS(y)};
        npy_intp size = PyArray_SIZE(ARRAY(y)), steps[3] = {w, 0, w};
        Loop loop = over(&maximum_loops, w);
        loop.run(at, &size, steps, loop.data);
    }
    return y;
}

/* _step(x) of elementwise/arithmetic.py */
static PyObject *function_step(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp width = call_is(n, named, 1, NULL, NULL) ? width_of(args[0]) : 0;
    PyObject *y = width && PyArray_NDIM(ARRAY(args[0])) ? empty_like(args[0]) : NULL;
    if (y && !(width == sizeof(float) ? step32(PyArray_SIZE(ARRAY(y)), PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(y)))
                                      : step64(PyArray_SIZE(ARRAY(y)), PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(y)))))
        Py_CLEAR(y);
    return y;
}

/* _over_cosh2_array(g, x) of elementwise/elementary.py */
static PyObject *function_over_cosh2(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp width = call_is(n, named, 2, NULL, NULL) ? width_of(args[1]) : 0;
    if (!width || !PyArray_NDIM(ARRAY(args[1])) || width_of(args[0]) != width || !same_form(ARRAY(args[0]), ARRAY(args[1])))
        return NULL;
    PyObject *y = empty_like(args[1]);
    if (!y)
        return NULL;
    npy_intp size = PyArray_SIZE(ARRAY(y));
    each(&cosh_loops, width, size, NUMBERS(args[1]), NUMBERS(y));
    if (width == sizeof(float))
        divided_twice32(size, PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(y)));
    else
        divided_twice64(size, PyArray_DATA(ARRAY(args[0])), PyArray_DATA(ARRAY(y)));
    return y;
}

/* The sum of all elements of args[0], divided by their number for a mean. */
static PyObject *of_all(PyObject *const *args, Py_ssize_t n, PyObject *named, int mean)
{
    int whole = call_is(n, named, 1, NULL, NULL) ||
        (call_is(n, named, 1, s_axis, s_keepdims) && args[1] == Py_None && args[2] == Py_False);
    npy_intp width = whole ? width_of(args[0]) : 0, size = width ? PyArray_SIZE(ARRAY(args[0])) : 0;
    PyObject *y = size ? empty(0, NULL, width) : NULL;
    if (!y)
        return NULL;
    total(width, size, NUMBERS(args[0]), NUMBERS(y));
    if (mean && width == sizeof(float))
        *(float *)PyArray_DATA(ARRAY(y)) /= (float)size;
    else if (mean)
        *(double *)PyArray_DATA(ARRAY(y)) /= (double)size;
    return PyArray_Return(ARRAY(y));
}

/* _sum(x, axis=, keepdims=) and _mean of arrays/reduction.py */
static PyObject *function_sum(PyObject *const *args, Py_ssize_t n, PyObject *named) { return of_all(args, n, named, 0); }
static PyObject *function_mean(PyObject *const *args, Py_ssize_t n, PyObject *named) { return of_all(args, n, named, 1); }

/* _spread(x, shape=, kept=) of arrays/reduction.py, of a single number */
static PyObject *function_spread(PyObject *const *args, Py_ssize_t n, PyObject *named)
{
    npy_intp shape[NPY_MAXDIMS], size = 1, width = 0;
    double number = 0;
    if (!call_is(n, named, 1, s_shape, s_kept) || !PyTuple_CheckExact(args[1]) || PyTuple_GET_SIZE(args[1]) > NPY_MAXDIMS)
        return NULL;
    if (PyArray_IsScalar(args[0], Float) || PyArray_IsScalar(args[0], Double)) {
        width = PyArray_IsScalar(args[0], Float) ? sizeof(float) : sizeof(double);
        PyArray_ScalarAsCtype(args[0], &number);
    } else if ((width = width_of(args[0])) && PyArray_NDIM(ARRAY(args[0])) == 0) {
        memcpy(&number, PyArray_DATA(ARRAY(args[0])), (size_t)width);
    } else {
        return NULL;
    }
    int ndim = (int)PyTuple_GET_SIZE(args[1]);
    for (int i = 0; i < ndim; i++) {
        PyObject *length = PyTuple_GET_ITEM(args[1], i);
        shape[i] = PyLong_CheckExact(length) ? PyLong_AsSsize_t(length) : -1;
        if (shape[i] < 0 || (shape[i] && size > SMALL / shape[i])) {
            PyErr_Clear();
            return NULL;
        }
        size *= shape[i];
    }
    PyObject *y = empty(ndim, shape, width);
    for (npy_intp i = 0; y && i < size; i++)
        memcpy(NUMBERS(y) + i * width, &number, (size_t)width);
    return y;
}

static const struct { const char *op; Function *run; } functions[] = {
    {"softmax", function_softmax}, {"softmax_cross_entropy", function_softmax_cross_entropy},
    {"softmax_excess", function_softmax_excess}, {"from_probabilities", function_from_probabilities},
    {"standardize", function_standardize}, {"from_standardized", function_from_standardized},
    {"matmul", function_matmul}, {"linear", function_linear}, {"relu", function_relu}, {"step", function_step},
    {"over_cosh2", function_over_cosh2},
    {"sum", function_sum}, {"mean", function_mean}, {"spread", function_spread},
};

/* --- a function that Python can call ----------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *python, *dict;    /* what it stands for */
    Function *run;
} Small;

static PyObject *small_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *named)
{
    const Small *f = (const Small *)self;
    if (!f->python) {                                   /* its class is being collected */
        PyErr_SetString(PyExc_RuntimeError, "this function is no more");
        return NULL;
    }
    clear_flags();
    PyObject *y = f->run(args, PyVectorcall_NARGS(nargsf), named);
    if (y && any_flag())
        Py_CLEAR(y);
    return y || PyErr_Occurred() ? y : PyObject_Vectorcall(f->python, args, nargsf, named);
}

static PyObject *small_repr(PyObject *self) { return PyObject_Repr(((Small *)self)->python); }

static int small_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Small *)self)->python);
    Py_VISIT(((Small *)self)->dict);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int small_clear(PyObject *self)
{
    Py_CLEAR(((Small *)self)->python);
    Py_CLEAR(((Small *)self)->dict);
    return 0;
}

static void small_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    small_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef small_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Small, call), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Small, dict), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef small_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot small_slots[] = {
    {Py_tp_dealloc, small_dealloc}, {Py_tp_traverse, small_traverse}, {Py_tp_clear, small_clear},
    {Py_tp_call, PyVectorcall_Call}, {Py_tp_repr, small_repr}, {Py_tp_members, small_members},
    {Py_tp_getset, small_getset}, {0, NULL},
};

static PyType_Spec small_spec = {
    .name = "autograd_nn.native._tensor.function",
    .basicsize = sizeof(Small),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = small_slots,
};

static PyTypeObject *small_type;

static int make_small_type(void)
{
    s_index = PyUnicode_InternFromString("index");
    s_loss = PyUnicode_InternFromString("loss");
    s_eps = PyUnicode_InternFromString("eps");
    s_axis = PyUnicode_InternFromString("axis");
    s_keepdims = PyUnicode_InternFromString("keepdims");
    s_shape = PyUnicode_InternFromString("shape");
    s_kept = PyUnicode_InternFromString("kept");
    small_type = (PyTypeObject *)PyType_FromSpec(&small_spec);
    return s_index && s_loss && s_eps && s_axis && s_keepdims && s_shape && s_kept && small_type ? DONE : FAILED;
}

/* array_function(name of an op, its array function): the same, quicker on small arrays; None if that is not here. */
static PyObject *tensor_array_function(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name;
    PyObject *python;
    if (!PyArg_ParseTuple(args, "sO", &name, &python))
        return NULL;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(functions[i].op, name))
            continue;
        Small *f = (Small *)small_type->tp_alloc(small_type, 0);
        if (f) {
            f->call = small_call;
            f->python = Py_NewRef(python);
            f->run = functions[i].run;
        }
        return (PyObject *)f;
    }
    Py_RETURN_NONE;
}
