/* Windows that slide over images: the copying of convolution and pooling, with the bits of ops/networks/ in NumPy.

   NumPy goes over the whole array once for each element of a window. Here a row of windows is done with before the next
   one, while it is in the cache, and padding is never stored: what stands outside of the image is known. The matrix
   products stay NumPy's.

   Images are in single or double precision, with the numbers of a row one after the other. Pooling answers False, and
   has done nothing, where its windows are too large for it: then Python does it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>
#include "vectors.h"

enum { FAILED = -1, UNKNOWN = 0, DONE = 1 };            /* FAILED: an exception is set; UNKNOWN: Python must do it */

typedef struct { npy_intp kernel[2], stride[2], dilation[2], at[2]; } Windows;      /* at: where the first one begins */

/* Along one axis: place p meets start + p * step, which is in the image from place `first` to before place `end`. */
typedef struct { npy_intp start, step, first, end; } Axis;

/* Of element k of the windows along axis 0 or 1 of an image that is `size` long. */
static Axis along(const Windows *v, int axis, npy_intp k, npy_intp size, npy_intp places)
{
    npy_intp start = v->at[axis] + k * v->dilation[axis], step = v->stride[axis];
    npy_intp first = start >= 0 ? 0 : step == 1 ? -start : (-start + step - 1) / step;
    npy_intp end = start >= size ? 0 : step == 1 ? size - start : (size - 1 - start) / step + 1;
    if (first > places)
        first = places;
    if (end > places)
        end = places;
    return (Axis){start, step, first, end < first ? first : end};
}

/* Whether an array has `axes` axes, is aligned, and has the numbers of a row one after the other. */
static int has_rows(const PyArrayObject *a, int axes)
{
    return PyArray_NDIM(a) == axes && PyArray_ISALIGNED(a) && PyArray_ISNOTSWAPPED(a) &&
        (PyArray_DIM(a, axes - 1) < 2 || PyArray_STRIDE(a, axes - 1) == PyArray_ITEMSIZE(a));
}

static int is_known(const PyArrayObject *a)
{
    return PyArray_TYPE(a) == NPY_FLOAT32 || PyArray_TYPE(a) == NPY_FLOAT64;
}

/* --- columns of a convolution ------------------------------------------------------------------------------------- */

/* What one element of the kernel meets of one channel of one image: rows of columns, and the image. */
typedef struct {
    char *columns, *image;
    npy_intp by_row, by_image_row, rows, places;        /* bytes from row to row, and how many there are */
    Axis down, right;
} Plane;

/* Do something with each plane of columns (channels, kernel rows, kernel columns, images, rows, places). */
static void each_plane(const Windows *v, const PyArrayObject *x, const PyArrayObject *columns,
                       void (*act)(const Plane *))
{
    const npy_intp *n = PyArray_DIMS(columns), *step = PyArray_STRIDES(columns);
    Plane plane = {.by_row = step[4], .by_image_row = PyArray_STRIDE(x, 2), .rows = n[4], .places = n[5]};
    for (npy_intp c = 0; c < n[0]; c++)
        for (npy_intp i = 0; i < n[1]; i++) {
            plane.down = along(v, 0, i, PyArray_DIM(x, 2), n[4]);
            for (npy_intp j = 0; j < n[2]; j++) {
                plane.right = along(v, 1, j, PyArray_DIM(x, 3), n[5]);
                for (npy_intp image = 0; image < n[3]; image++) {
                    plane.columns = PyArray_BYTES(columns) + c * step[0] + i * step[1] + j * step[2] + image * step[3];
                    plane.image = PyArray_BYTES(x) + image * PyArray_STRIDE(x, 0) + c * PyArray_STRIDE(x, 1);
                    act(&plane);
                }
            }
        }
}

/* The rows of short images are too short for memcpy to be worth its call. */
#if defined(__GNUC__) && !defined(__clang__)
#define IN_PLACE __attribute__((optimize("no-tree-loop-distribute-patterns")))
#else
#define IN_PLACE
#endif

#define COPYING(NAME, NUMBER)                                                                                          \
    SHORT_LOOPS IN_PLACE                                                                                               \
    static void NAME(const Plane *plane)                                                                               \
    {                                                                                                                  \
        npy_intp places = plane->places, step = plane->right.step;                                                     \
        char *columns = plane->columns;                                                                                \
        for (npy_intp r = 0; r < plane->rows; r++, columns += plane->by_row) {                                         \
            int met = r >= plane->down.first && r < plane->down.end;                                                   \
            npy_intp first = met ? plane->right.first : places, end = met ? plane->right.end : places;                 \
            npy_intp row = plane->down.start + r * plane->down.step;                                                   \
            NUMBER *restrict to = (NUMBER *)columns;                                                                   \
            const NUMBER *restrict from = (const NUMBER *)(plane->image + (met ? row : 0) * plane->by_image_row);      \
            for (npy_intp p = 0; p < first; p++)                                                                       \
                to[p] = 0;                                                                                             \
            if (step == 1)                                                                                             \
                for (npy_intp p = first; p < end; p++)                                                                 \
                    to[p] = from[plane->right.start + p];                                                              \
            else                                                                                                       \
                for (npy_intp p = first; p < end; p++)                                                                 \
                    to[p] = from[plane->right.start + p * step];                                                       \
            for (npy_intp p = end; p < places; p++)                                                                    \
                to[p] = 0;                                                                                             \
        }                                                                                                              \
    }

COPYING(copy32, float)
COPYING(copy64, double)

#define ADDING(NAME, NUMBER)                                                                                           \
    SHORT_LOOPS                                                                                                        \
    static void NAME(const Plane *plane)                                                                               \
    {                                                                                                                  \
        npy_intp start = plane->right.start, step = plane->right.step, end = plane->right.end;                         \
        for (npy_intp r = plane->down.first; r < plane->down.end; r++) {                                               \
            npy_intp row = plane->down.start + r * plane->down.step;                                                   \
            const NUMBER *restrict from = (const NUMBER *)(plane->columns + r * plane->by_row);                        \
            NUMBER *restrict to = (NUMBER *)(plane->image + row * plane->by_image_row);                                \
            if (step == 1)                                                                                             \
                for (npy_intp p = plane->right.first; p < end; p++)                                                    \
                    to[start + p] += from[p];                                                                          \
            else                                                                                                       \
                for (npy_intp p = plane->right.first; p < end; p++)                                                    \
                    to[start + p * step] += from[p];                                                                   \
        }                                                                                                              \
    }

ADDING(add32, float)
ADDING(add64, double)

/* x, columns, stride, dilation and at. */
static int columns_given(PyObject *args, PyArrayObject **x, PyArrayObject **columns, Windows *v)
{
    v->kernel[0] = v->kernel[1] = 1;                    /* the columns have it */
    if (!PyArg_ParseTuple(args, "O!O!(nn)(nn)(nn)", &PyArray_Type, x, &PyArray_Type, columns, &v->stride[0],
                          &v->stride[1], &v->dilation[0], &v->dilation[1], &v->at[0], &v->at[1]))
        return FAILED;
    if (!has_rows(*x, 4) || !has_rows(*columns, 6) || !is_known(*x) || PyArray_TYPE(*x) != PyArray_TYPE(*columns) ||
        PyArray_DIM(*columns, 0) != PyArray_DIM(*x, 1) || PyArray_DIM(*columns, 3) != PyArray_DIM(*x, 0) ||
        v->stride[0] < 1 || v->stride[1] < 1 || v->dilation[0] < 1 || v->dilation[1] < 1) {
        PyErr_SetString(PyExc_ValueError, "the columns are of other images");
        return FAILED;
    }
    return DONE;
}

static int writable(const PyArrayObject *a)
{
    if (PyArray_ISWRITEABLE(a))
        return DONE;
    PyErr_SetString(PyExc_ValueError, "the array is read-only");
    return FAILED;
}

/* gather(x, columns, stride, dilation, at): what each window meets. */
static PyObject *windows_gather(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyArrayObject *x, *columns;
    Windows v;
    if (columns_given(args, &x, &columns, &v) < 0 || writable(columns) < 0)
        return NULL;
    each_plane(&v, x, columns, PyArray_TYPE(x) == NPY_FLOAT32 ? copy32 : copy64);
    Py_RETURN_NONE;
}

/* scatter(x, columns, stride, dilation, at): its transpose; each number is added where it came from. */
static PyObject *windows_scatter(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyArrayObject *x, *columns;
    Windows v;
    if (columns_given(args, &x, &columns, &v) < 0 || writable(x) < 0)
        return NULL;
    each_plane(&v, x, columns, PyArray_TYPE(x) == NPY_FLOAT32 ? add32 : add64);
    Py_RETURN_NONE;
}

/* --- the largest of a window ------------------------------------------------------------------------------------- */

#define MOST 255                                        /* elements of a window of which each number fits into a byte */

/* The elements of a window: how far down and right of the first one, and in memory. */
typedef struct { npy_intp all, down[MOST], right[MOST], apart[MOST], height, width; } Elements;

static void list_elements(const Windows *v, npy_intp width, Elements *e)
{
    e->all = v->kernel[0] * v->kernel[1];
    e->height = (v->kernel[0] - 1) * v->dilation[0] + 1;
    e->width = (v->kernel[1] - 1) * v->dilation[1] + 1;
    for (npy_intp k = 0; k < e->all; k++) {
        e->down[k] = k / v->kernel[1] * v->dilation[0];
        e->right[k] = k % v->kernel[1] * v->dilation[1];
        e->apart[k] = e->down[k] * width + e->right[k];
    }
}

/* An image of `height` by `width`, and `rows` by `places` windows. */
typedef struct { npy_intp height, width, rows, places; } Sizes;

/* A loop over the windows, in which `i` and `j` say where one begins, and `out` its place in what belongs to them. */
#define EACH_WINDOW(body)                                                                                              \
    for (npy_intp r = 0, out = 0; r < n->rows; r++)                                                                    \
        for (npy_intp p = 0; p < n->places; p++, out++) {                                                              \
            npy_intp i = v->at[0] + r * v->stride[0], j = v->at[1] + p * v->stride[1];                                 \
            body                                                                                                       \
        }
#define WHOLE (i >= 0 && i + e->height <= n->height && j >= 0 && j + e->width <= n->width)
#define IS_MET(k) (i + e->down[k] >= 0 && i + e->down[k] < n->height && j + e->right[k] >= 0 &&                        \
                   j + e->right[k] < n->width)

/* NumPy's maximum: of two that are equal the second one, and nan if either is. */
#define LARGER(a, b) (((a) > (b)) | ((a) != (a)) ? (a) : (b))

#define LARGEST(NAME, NUMBER)                                                                                          \
    static void NAME(const Windows *v, const Elements *e, const Sizes *n, const NUMBER *restrict x, NUMBER *restrict y)\
    {                                                                                                                  \
        EACH_WINDOW(                                                                                                   \
            const NUMBER *first = x + (i * n->width + j);                                                              \
            NUMBER most = -(NUMBER)INFINITY;                                                                           \
            if (WHOLE)                                                                                                 \
                for (npy_intp k = 0; k < e->all; k++)                                                                  \
                    most = LARGER(most, first[e->apart[k]]);                                                           \
            else                                                                                                       \
                for (npy_intp k = 0; k < e->all; k++)                                                                  \
                    if (IS_MET(k))                                                                                     \
                        most = LARGER(most, first[e->apart[k]]);                                                       \
            y[out] = most;)                                                                                            \
    }

LARGEST(largest32, float)
LARGEST(largest64, double)

/* The number of the first element of each window that is its largest, y: from the last one on. A nan equals none, and
   has the number of all elements. */
#define NUMBERING(NAME, NUMBER)                                                                                        \
    static void NAME(const Windows *v, const Elements *e, const Sizes *n, const NUMBER *restrict x,                    \
                     const NUMBER *restrict y, uint8_t *restrict number)                                               \
    {                                                                                                                  \
        EACH_WINDOW(                                                                                                   \
            const NUMBER *first = x + (i * n->width + j);                                                              \
            NUMBER most = y[out];                                                                                      \
            npy_intp found = e->all;                                                                                   \
            if (WHOLE)                                                                                                 \
                for (npy_intp k = e->all; k-- > 0;)                                                                    \
                    found = first[e->apart[k]] == most ? k : found;                                                    \
            else                                                                                                       \
                for (npy_intp k = e->all; k-- > 0;)                                                                    \
                    found = (IS_MET(k) ? first[e->apart[k]] : -(NUMBER)INFINITY) == most ? k : found;                  \
            number[out] = (uint8_t)found;)                                                                             \
    }

NUMBERING(number32, float)
NUMBERING(number64, double)

/* g added to x at the element of each window that has the number, or at each one for the number of all: from the last
   window on, as NumPy adds the elements in the order of their numbers. `alone`: no element is in two windows. */
#define PUTTING(NAME, NUMBER)                                                                                          \
    static void NAME(const Windows *v, const Elements *e, const Sizes *n, NUMBER *restrict x, const NUMBER *restrict g,\
                     const uint8_t *restrict number, int alone)                                                        \
    {                                                                                                                  \
        for (npy_intp r = n->rows; r-- > 0;)                                                                           \
            for (npy_intp p = n->places; p-- > 0;) {                                                                   \
                npy_intp out = r * n->places + p, one = number[out];                                                   \
                npy_intp i = v->at[0] + r * v->stride[0], j = v->at[1] + p * v->stride[1];                             \
                for (npy_intp k = one < e->all ? one : 0; k < e->all; k = one < e->all ? e->all : k + 1)               \
                    if (one <= e->all && (WHOLE || IS_MET(k))) {                                                       \
                        NUMBER *to = x + (i * n->width + j + e->apart[k]);                                             \
                        *to = alone ? g[out] : *to + g[out];                                                           \
                    }                                                                                                  \
            }                                                                                                          \
    }

PUTTING(put32, float)
PUTTING(put64, double)

/* Images (planes, height, width) and what belongs to their windows (planes, rows, places), all in C order. */
static int planes_given(const PyArrayObject *x, const PyArrayObject *y, const PyArrayObject *number, const Windows *v)
{
    if (PyArray_NDIM(x) != 3 || PyArray_NDIM(y) != 3 || !is_known(x) || PyArray_TYPE(x) != PyArray_TYPE(y) ||
        !PyArray_ISCARRAY_RO(x) || !PyArray_ISCARRAY_RO(y) || v->kernel[0] > MOST || v->kernel[1] > MOST ||
        v->kernel[0] * v->kernel[1] > MOST)
        return UNKNOWN;
    if (number && (PyArray_TYPE(number) != NPY_UINT8 || !PyArray_ISCARRAY_RO(number)))
        return UNKNOWN;
    if (PyArray_DIM(x, 0) != PyArray_DIM(y, 0) || (number && !PyArray_SAMESHAPE(number, y)) || v->kernel[0] < 1 ||
        v->kernel[1] < 1 || v->stride[0] < 1 || v->stride[1] < 1 || v->dilation[0] < 1 || v->dilation[1] < 1) {
        PyErr_SetString(PyExc_ValueError, "the windows are of other images");
        return FAILED;
    }
    return DONE;
}

#define FOR_EACH_PLANE(call32, call64)                                                                                 \
    do {                                                                                                               \
        Sizes n = {PyArray_DIM(x, 1), PyArray_DIM(x, 2), PyArray_DIM(y, 1), PyArray_DIM(y, 2)};                        \
        Elements e;                                                                                                    \
        list_elements(&v, n.width, &e);                                                                                \
        for (npy_intp plane = 0; plane < PyArray_DIM(x, 0); plane++) {                                                 \
            npy_intp in = plane * n.height * n.width, out = plane * n.rows * n.places;                                 \
            if (PyArray_TYPE(x) == NPY_FLOAT32)                                                                        \
                call32;                                                                                                \
            else                                                                                                       \
                call64;                                                                                                \
        }                                                                                                              \
    } while (0)

#define F32(a) ((float *)PyArray_DATA(a))
#define F64(a) ((double *)PyArray_DATA(a))
#define U8(a) ((uint8_t *)PyArray_DATA(a))
#define EIGHT &v.kernel[0], &v.kernel[1], &v.stride[0], &v.stride[1], &v.dilation[0], &v.dilation[1], &v.at[0], &v.at[1]

static PyObject *answered(int answer) { return answer == FAILED ? NULL : PyBool_FromLong(answer == DONE); }

/* largest(x, y, kernel, stride, dilation, at) */
static PyObject *windows_largest(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyArrayObject *x, *y;
    Windows v;
    if (!PyArg_ParseTuple(args, "O!O!(nn)(nn)(nn)(nn)", &PyArray_Type, &x, &PyArray_Type, &y, EIGHT))
        return NULL;
    int answer = planes_given(x, y, NULL, &v);
    if (answer == DONE && (answer = writable(y)) == DONE)
        FOR_EACH_PLANE(largest32(&v, &e, &n, F32(x) + in, F32(y) + out),
                       largest64(&v, &e, &n, F64(x) + in, F64(y) + out));
    return answered(answer);
}

/* numbers(x, y, number, kernel, stride, dilation, at) */
static PyObject *windows_numbers(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyArrayObject *x, *y, *number;
    Windows v;
    if (!PyArg_ParseTuple(args, "O!O!O!(nn)(nn)(nn)(nn)", &PyArray_Type, &x, &PyArray_Type, &y, &PyArray_Type, &number,
                          EIGHT))
        return NULL;
    int answer = planes_given(x, y, number, &v);
    if (answer == DONE && (answer = writable(number)) == DONE)
        FOR_EACH_PLANE(number32(&v, &e, &n, F32(x) + in, F32(y) + out, U8(number) + out),
                       number64(&v, &e, &n, F64(x) + in, F64(y) + out, U8(number) + out));
    return answered(answer);
}

/* put(x, g, number, alone, kernel, stride, dilation, at) */
static PyObject *windows_put(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyArrayObject *x, *y, *number;
    Windows v;
    int alone;
    if (!PyArg_ParseTuple(args, "O!O!O!p(nn)(nn)(nn)(nn)", &PyArray_Type, &x, &PyArray_Type, &y, &PyArray_Type, &number,
                          &alone, EIGHT))
        return NULL;
    int answer = planes_given(x, y, number, &v);
    if (answer == DONE && (answer = writable(x)) == DONE)
        FOR_EACH_PLANE(put32(&v, &e, &n, F32(x) + in, F32(y) + out, U8(number) + out, alone),
                       put64(&v, &e, &n, F64(x) + in, F64(y) + out, U8(number) + out, alone));
    return answered(answer);
}

static PyMethodDef windows_methods[] = {
    {"gather", windows_gather, METH_VARARGS, "gather(x, columns, stride, dilation, at)"},
    {"scatter", windows_scatter, METH_VARARGS, "scatter(x, columns, stride, dilation, at)"},
    {"largest", windows_largest, METH_VARARGS, "largest(x, y, kernel, stride, dilation, at) -> bool"},
    {"numbers", windows_numbers, METH_VARARGS, "numbers(x, y, number, kernel, stride, dilation, at) -> bool"},
    {"put", windows_put, METH_VARARGS, "put(x, g, number, alone, kernel, stride, dilation, at) -> bool"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef windows_module = {
    PyModuleDef_HEAD_INIT, "_windows", "The copying of convolution and pooling.", -1, windows_methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__windows(void)
{
    return PyArray_ImportNumPyAPI() < 0 ? NULL : PyModule_Create(&windows_module);
}
