/* The optimizers' steps over n numbers of type T, a Tensor's or (n = 1) a Value's: what optim/sgd.py and adam.py say,
   operation by operation, in one pass and with the bits of Python and NumPy. Included once for each T. */

#if defined(_MSC_VER) && !defined(restrict)
#define restrict __restrict
#endif

WIDE_VECTORS
static void NAME(sgd)(Py_ssize_t n, const T *restrict x, const T *restrict g, T *restrict v, T *restrict out, int first,
                      T lr, T momentum, int nesterov, T decay)
{
    if (!v && !decay) {
        for (Py_ssize_t i = 0; i < n; i++)
            out[i] = x[i] - lr * g[i];
        return;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        T d = decay ? g[i] + decay * x[i] : g[i];
        if (v) {
            v[i] = first ? d : v[i] * momentum + d;
            d = nesterov ? d + momentum * v[i] : v[i];
        }
        out[i] = x[i] - lr * d;
    }
}

WIDE_VECTORS
static void NAME(adam)(Py_ssize_t n, const T *restrict x, const T *restrict g, T *restrict m, T *restrict v,
                       T *restrict out, T size, T b1, T rest1, T b2, T rest2, T eps, T decay)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        T d = decay ? g[i] + decay * x[i] : g[i];
        m[i] = m[i] * b1 + rest1 * d;
        v[i] = v[i] * b2 + d * d * rest2;
        out[i] = x[i] - m[i] / (SQRT(v[i]) + eps) * size;
    }
}
