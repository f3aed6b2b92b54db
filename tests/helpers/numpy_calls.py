"""Example arguments for each function of NumPy, and the calls with Tensors in the place of their numbers."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

NAMESPACES = {"np": np, "linalg": np.linalg, "fft": np.fft, "random": np.random, "emath": np.emath,
              "stride_tricks": np.lib.stride_tricks, "array_utils": np.lib.array_utils,
              "polynomial": np.polynomial.polynomial, "Generator": np.random.default_rng(0)}

# They set or tell of NumPy itself, or take no arrays.
OF_NUMPY = set("""show_config show_runtime test add_docstring add_newdoc get_include info set_printoptions
    get_printoptions
    printoptions setbufsize getbufsize seterr geterr seterrcall geterrcall from_dlpack typename datetime_data
    get_state set_state get_bit_generator set_bit_generator bytes default_rng seed spawn bit_generator
    mintypecode busday_count busday_offset is_busday datetime_as_string nested_iters load loadtxt genfromtxt
    fromregex fromfile fromstring frombuffer asmatrix bmat isdtype issubdtype promote_types polyline polyzero
    polyone polyx polydomain dumps dump tofile tobytes getfield newbyteorder setflags isnat""".split())

Call = tuple[tuple[Any, ...], dict[str, Any]]

WORDS: dict[str, Any] = {
    "np": np,
    "a": np.array([[0.61, 1.3, 0.87], [1.9, 0.72, 1.1]]), "b": np.array([[1.7, 0.93, 1.21], [0.66, 1.42, 0.58]]),
    "v": np.array([0.62, 1.31, 0.94]), "w": np.array([1.12, 0.57, 1.73]), "x": 0.83, "y": 1.27,
    "s": np.array([[2.1, 0.31, 0.17], [0.31, 1.72, 0.23], [0.17, 0.23, 1.13]]),
    "i": np.array([0, 2, 1]), "j": np.array([[0, 1, 0]]), "m": np.array([[True, False, True], [False, True, True]]),
    "n": np.array([5, 3, 9]), "up": np.array([0.2, 0.9, 1.8]), "square": lambda z: z * z,
    "u": np.array([3, 200], np.uint8),
}

# Methods of a plain array with Tensors among their arguments.
METHODS = """
choose i, [v, w, v]
clip a, 0.7, 1.2
compress v, [True, False, True]
dot v, w
fill v, x
item v, 1
partition v, 1
put v, [0], x
repeat v, 2
reshape a, 3, 2
resize v, 2
searchsorted up, w
setfield v, x, float
swapaxes a, 0, 1
take v, i
__setitem__ a, 0, v
__setitem__ a, i[:2], x
__getitem__ a, i[:2]
__iadd__ a, b
__imatmul__ s, s
__add__ a, b
__rsub__ a, b
__pow__ a, b
__matmul__ a, v
__divmod__ a, b
__lt__ a, b
"""

# Arguments by name of the function; several calls stand on several lines. What is not here is called with `a`, or
# with as many as a ufunc takes.
EXAMPLES = """
allclose        a, b, 0.1, 0.1
append          a, b, axis=0
apply_along_axis  square, 0, a
apply_over_axes   np.sum, a, [0]
arange          x, 5.2, y
argpartition    v, 1
array2string    a
array_equal     a, b
array_equiv     a, b
array_split     v, 2
astype          a, float
average         a, None, b
bartlett        4
base_repr       5
binary_repr     5
bincount        i, v
bitwise_and     n, i
bitwise_invert  n
bitwise_left_shift  n, i
bitwise_or      n, i
bitwise_right_shift  n, i
bitwise_xor     n, i
blackman        4
block           [[a, b]]
broadcast_arrays  a, v
broadcast_shapes  (2, 1), (1, 3)
broadcast_to    v, (2, 3)
can_cast        a, np.float32
choose          i, [v, w, v]
clip            a, 0.7, 1.2
clip            a, b, v
column_stack    [v, w]
common_type     a
compress        [True, False], a, 0
concat          [a, b]
convolve        v, w
copyto          a, b
corrcoef        a
corrcoef        v, w
correlate       v, w
cov             a
cov             v, w
cross           v, w
cumulative_prod  v
cumulative_sum  v
delete          v, 1
diag            v
diag_indices    3
diag_indices_from  s
diff            v, 1, -1, x, y
digitize        a, up
dot             v, w
dsplit          a[None], [1]
dstack          [a, b]
ediff1d         v, w, w
einsum          'ij,ij->i', a, b
einsum_path     'ij,jk->ik', a, s
empty           3
expand_dims     a, 0
extract         m, a
eye             3
fill_diagonal   s, x
float_power     a, b
format_float_positional  x
format_float_scientific  x
fromfunction    lambda i, j: i * x + j, (2, 3)
fromiter        [x, y], float
frompyfunc      square, 1, 1
full            3, x
full            (2, 3), v
full_like       a, x
full_like       a, v
full_like       a, fill_value=x
gcd             n, 6
geomspace       x, 5.2, 3
gradient        a, x, y
gradient        v, up
hamming         4
hanning         4
histogram       v, 2, (0.1, 2.1), weights=w
histogram       v, up
histogram2d     v, w, 2
histogram_bin_edges  v, 2
histogramdd     a, 2
hsplit          a, [1]
hstack          [a, b]
identity        3
indices         (2, 3)
inner           v, w
insert          v, 1, x
interp          v, up, w, x, y
intersect1d     v, w
isclose         a, b, 0.1, 0.1
isin            v, w
ix_             i, i
kaiser          4, x
kron            a, v
lcm             n, 6
ldexp           a, j
lexsort         (v, w)
linspace        x, y, 4
linspace        v, w, 4
logspace        x, y, 4, base=2.3
mask_indices    3, np.triu
matmul          a, s
matvec          a, v
vecmat          v, s
may_share_memory  a, b
meshgrid        v, w
moveaxis        a, 0, 1
nan_to_num      a, True, x, y, x
nanpercentile   a, 35.2
nanpercentile   a, 35.2, axis=1, keepdims=True
nanquantile     a, 0.37
nanquantile     v, v / 3
nextafter       a, b
outer           v, w
pad             a, 1, constant_values=x
pad             a, 1, mode='linear_ramp', end_values=x
partition       v, 1
percentile      a, 35.2
percentile      a, 35.2, weights=b, method='inverted_cdf'
piecewise       v, [v < 1, v >= 1], [x, y]
piecewise       v, [v < 1], [square, y]
place           a, m, v
poly            v
polyadd         v, w
polyder         v
polydiv         v, w[:2]
polyfit         up, w, 1
polyfit         up, w, 1, w=v
polyint         v, 1, x
polymul         v, w
polysub         v, w
polyval         v, w
put             v, i, w
put_along_axis  a, j, x, 0
putmask         a, m, b
quantile        a, 0.37
quantile        a, [0.37, 0.61], axis=1
quantile        a, 0.37, weights=b, method='inverted_cdf'
ravel_multi_index  (i[:2], i[:2]), (3, 3)
repeat          v, 2
require         a
reshape         a, (3, 2)
resize          a, (2, 2)
result_type     a, b
roll            v, 1
rollaxis        a, 1
roots           v
row_stack       [v, w]
save            '/dev/null', a
savetxt         '/dev/null', a
savez           '/dev/null', a
savez_compressed  '/dev/null', a
searchsorted    up, w
select          [m, ~m], [a, b], x
setdiff1d       v, w
setxor1d        v, w
shares_memory   a, b
sort_complex    v
spacing         a
split           v, [1]
stack           [a, b]
swapaxes        a, 0, 1
take            v, i
take_along_axis  a, j, 0
tensordot       a, b
tile            v, 2
trapezoid       v, up, x
tri             3
tril_indices    3
tril_indices_from  s
triu_indices    3
triu_indices_from  s
trim_zeros      v
union1d         v, w
unpackbits      u
packbits        u
bitwise_count   n
unravel_index   2, (2, 3)
unstack         a
unwrap          v
vander          v
vdot            v, w
vecdot          a, b
vsplit          a, [1]
vstack          [a, b]
where           m, a, b
where           a
min_scalar_type  x
zeros           3
ones            3
frexp           a
linalg.cholesky  s
linalg.cond     s
linalg.cross    v, w
linalg.det      s
linalg.diagonal  s
linalg.eig      s
linalg.eigh     s
linalg.eigvals  s
linalg.eigvalsh  s
linalg.inv      s
linalg.lstsq    s, v
linalg.matmul   a, s
linalg.matrix_power  s, 3
linalg.matrix_rank  s
linalg.multi_dot  [a, s, v]
linalg.outer    v, w
linalg.pinv     a
linalg.slogdet  s
linalg.solve    s, v
linalg.solve    s, s
linalg.tensordot  a, b
linalg.tensorinv  s.reshape(3, 1, 3), 2
linalg.tensorsolve  s, v
linalg.trace    s
linalg.vecdot   a, b
fft.fftfreq     4, x
fft.rfftfreq    4, x
fft.hfft        v
fft.irfft2      s
random.beta     x, y
random.binomial  5, x
random.chisquare  x
random.choice   v
random.choice   v, 2, True, v / v.sum()
random.dirichlet  v
random.exponential  x
random.f        x, y
random.gamma    x, y
random.geometric  x
random.gumbel   x, y
random.hypergeometric  5, 4, 3
random.laplace  x, y
random.logistic  x, y
random.lognormal  x, y
random.logseries  x
random.multinomial  5, v / 3
random.multivariate_normal  v, s
random.negative_binomial  5, x
random.noncentral_chisquare  x, y
random.noncentral_f  x, y, x
random.normal   x, y
random.normal   v, w
random.pareto   x
random.permutation  v
random.poisson  x
random.power    x
random.rand     3
random.randint  0, 5
random.randn    3
random.random   3
random.random_integers  1, 5
random.random_sample  3
random.ranf     3
random.sample   3
random.rayleigh  x
random.shuffle  v
random.standard_cauchy  3
random.standard_exponential  3
random.standard_gamma  x
random.standard_normal  3
random.standard_t  x
random.triangular  x, y, 2.2
random.uniform  x, y
random.vonmises  x, y
random.wald     x, y
random.weibull  x
random.zipf     2.2
Generator.integers  0, 5
Generator.permuted  v
Generator.multivariate_hypergeometric  n, 4
emath.logn      x, a
emath.power     a, b
stride_tricks.as_strided  v, (2,), (8,)
stride_tricks.sliding_window_view  v, 2
array_utils.normalize_axis_index  0, 2
array_utils.normalize_axis_tuple  0, 2
polynomial.polyadd  v, w
polynomial.polycompanion  v
polynomial.polyder  v
polynomial.polydiv  v, w[:2]
polynomial.polyfit  up, w, 1
polynomial.polyfit  up, w, 1, w=v
polynomial.polyfromroots  v
polynomial.polygrid2d  v, w, s
polynomial.polygrid3d  v, w, v, s[None]
polynomial.polyint  v, 1, [x], y, x
polynomial.polymul  v, w
polynomial.polymulx  v
polynomial.polypow  v, 2
polynomial.polyroots  v
polynomial.polysub  v, w
polynomial.polytrim  v, 0.1
polynomial.polyval  v, w
polynomial.polyval2d  v, w, s
polynomial.polyval3d  v, w, v, s[None]
polynomial.polyvalfromroots  v, w
polynomial.polyvander  v, 2
polynomial.polyvander2d  v, w, [1, 1]
polynomial.polyvander3d  v, w, v, [1, 1, 1]
"""


def examples() -> dict[str, list[Call]]:
    """The calls of functions by name, "np.add" or "linalg.inv"."""
    found: dict[str, list[Call]] = {}
    for line in EXAMPLES.strip().splitlines():
        name, text = line.split(None, 1)
        found.setdefault(name if name.split(".")[0] in NAMESPACES else f"np.{name}", []).append(_call(text))
    return found


def methods() -> list[tuple[str, Call]]:
    """(name, call) for the methods of arrays."""
    return [(line.split(None, 1)[0], _call(line.split(None, 1)[1])) for line in METHODS.strip().splitlines()]


def _call(text: str) -> Call:
    return eval(f"(lambda *args, **kwargs: (args, kwargs))({text})", dict(WORDS))


def functions(space: str) -> dict[str, Any]:
    """Each public function of a namespace, once, by name."""
    found, thing = {}, NAMESPACES[space]
    for name in sorted(dir(thing)):
        function = getattr(thing, name)
        if not name.startswith("_") and name not in OF_NUMPY and callable(function) \
                and not isinstance(function, (type, types.ModuleType)) and function not in found.values():
            found[f"{space}.{name}"] = function
    return found


def with_tensors(args, kwargs):
    """(where, args, kwargs) for each call with one leaf of numbers made a Tensor, and for the one with all of them."""
    leaves: list[Any] = []

    def each(thing, change):
        if isinstance(thing, (list, tuple)):
            return type(thing)([each(part, change) for part in thing])
        if isinstance(thing, dict):
            return {key: each(part, change) for key, part in thing.items()}
        number = isinstance(thing, (float, int)) and not isinstance(thing, bool)
        return change(thing) if number or (isinstance(thing, np.ndarray) and thing.dtype != bool) else thing
    each((args, kwargs), leaves.append)

    def made(chosen, change):
        place = iter(range(len(leaves)))
        return each((args, kwargs), lambda thing: change(thing) if next(place) in chosen else thing)
    floats = [i for i, leaf in enumerate(leaves) if np.asarray(leaf).dtype.kind == "f"]
    choices = [{i} for i in range(len(leaves))] + ([set(floats)] if len(floats) > 1 else [])
    return [(sorted(chosen), lambda change, chosen=chosen: made(chosen, change)) for chosen in choices]
