/* Generated from the op table by `python -m autograd_nn.notation.generate`; do not edit.

   Included several times, each time with one part asked for:
   AG_NAMES     X(name, number of inputs, name of its parameter) for every op, in the order of the codes
   AG_UNARY     X(name): the ops that are methods without arguments
   AG_FORWARD   cases that set z from x, y, w
   AG_BACKWARD  cases that give the cotangents of x, y, w by A(...), B(...), W(...) from g, z, x, y, w
   An op with a parameter finds it in y. */

#ifdef AG_NAMES
X(multiply0, 2, "")
X(divide0, 2, "")
X(log0, 1, "")
X(exp, 1, "")
X(exp2, 1, "")
X(expm1, 1, "")
X(log, 1, "")
X(log1p, 1, "")
X(log2, 1, "")
X(log10, 1, "")
X(sqrt, 1, "")
X(cbrt, 1, "")
X(sin, 1, "")
X(cos, 1, "")
X(tan, 1, "")
X(arcsin, 1, "")
X(arccos, 1, "")
X(arctan, 1, "")
X(arctan2, 2, "")
X(sinh, 1, "")
X(cosh, 1, "")
X(tanh, 1, "")
X(arcsinh, 1, "")
X(arccosh, 1, "")
X(arctanh, 1, "")
X(hypot, 2, "")
X(hypot1, 1, "")
X(erf, 1, "")
X(sigmoid, 1, "")
X(logaddexp, 2, "")
X(log_ratio, 2, "")
X(logaddexp2, 2, "")
X(radians, 1, "")
X(degrees, 1, "")
X(over_cosh2, 2, "")
X(over_cosh1, 2, "")
X(over_square1, 2, "")
X(gauss, 1, "scale")
X(normal_cdf, 1, "")
X(one_less_square, 1, "")
X(add, 2, "")
X(subtract, 2, "")
X(multiply, 2, "")
X(divide, 2, "")
X(negative, 1, "")
X(power, 2, "")
X(square, 1, "")
X(reciprocal, 1, "")
X(absolute, 1, "")
X(flat, 2, "")
X(sign, 1, "")
X(step, 1, "")
X(tie, 2, "")
X(same, 2, "")
X(floor, 1, "")
X(ceil, 1, "")
X(round, 1, "")
X(maximum, 2, "")
X(minimum, 2, "")
X(fmod, 2, "")
X(remainder, 2, "")
X(fabs, 1, "")
X(hard_sigmoid, 1, "")
X(hard_tanh, 1, "")
X(relu, 1, "")
X(leaky_relu, 1, "negative_slope")
X(elu, 1, "alpha")
X(selu, 1, "")
X(softplus, 1, "")
X(silu, 1, "")
X(gelu_tanh, 1, "")
X(gelu, 1, "")
X(mish, 1, "")
X(where, 3, "")
X(clip, 3, "")
#endif

#ifdef AG_UNARY
X(exp)
X(exp2)
X(expm1)
X(log)
X(log1p)
X(log2)
X(log10)
X(sqrt)
X(cbrt)
X(sin)
X(cos)
X(tan)
X(arcsin)
X(arccos)
X(arctan)
X(sinh)
X(cosh)
X(tanh)
X(arcsinh)
X(arccosh)
X(arctanh)
X(erf)
X(sigmoid)
X(radians)
X(degrees)
X(negative)
X(square)
X(reciprocal)
X(absolute)
X(sign)
X(floor)
X(ceil)
X(fabs)
X(hard_sigmoid)
X(hard_tanh)
X(relu)
X(selu)
X(softplus)
X(silu)
X(gelu_tanh)
X(mish)
#endif

#ifdef AG_FORWARD
case AG_multiply0: z = ag_multiply0(x, y); break;  /* x \, y */
case AG_divide0: z = ag_divide0(x, y); break;  /* \frac{x}{y} */
case AG_log0: z = ag_log0(x); break;  /* \ln x */
case AG_exp: z = exp(x); break;  /* e^{x} */
case AG_exp2: z = exp2(x); break;  /* 2^{x} */
case AG_expm1: z = expm1(x); break;  /* e^{x} - 1 */
case AG_log: z = log(x); break;  /* \ln x */
case AG_log1p: z = log1p(x); break;  /* \ln \left(1 + x\right) */
case AG_log2: z = log2(x); break;  /* \log_2 x */
case AG_log10: z = log10(x); break;  /* \log_{10} x */
case AG_sqrt: z = sqrt(x); break;  /* \sqrt{x} */
case AG_cbrt: z = cbrt(x); break;  /* \sqrt[3]{x} */
case AG_sin: z = sin(x); break;  /* \sin x */
case AG_cos: z = cos(x); break;  /* \cos x */
case AG_tan: z = tan(x); break;  /* \tan x */
case AG_arcsin: z = asin(x); break;  /* \arcsin x */
case AG_arccos: z = acos(x); break;  /* \arccos x */
case AG_arctan: z = atan(x); break;  /* \arctan x */
case AG_arctan2: z = atan2(x, y); break;  /* \operatorname{arctan2}(y, x) */
case AG_sinh: z = sinh(x); break;  /* \sinh x */
case AG_cosh: z = cosh(x); break;  /* \cosh x */
case AG_tanh: z = tanh(x); break;  /* \tanh x */
case AG_arcsinh: z = asinh(x); break;  /* \operatorname{arsinh} x */
case AG_arccosh: z = acosh(x); break;  /* \operatorname{arcosh} x */
case AG_arctanh: z = atanh(x); break;  /* \operatorname{artanh} x */
case AG_hypot: z = hypot(x, y); break;  /* \sqrt{x^2 + y^2} */
case AG_hypot1: z = ag_hypot1(x); break;  /* \sqrt{x^2 + 1} */
case AG_erf: z = erf(x); break;  /* \operatorname{erf} x */
case AG_sigmoid: z = ag_sigmoid(x); break;  /* \sigma(x) */
case AG_logaddexp: z = ag_logaddexp(x, y); break;  /* \ln \left(e^{x} + e^{y}\right) */
case AG_log_ratio: z = ag_log_ratio(x, y); break;  /* x - y */
case AG_logaddexp2: z = ag_logaddexp(x * 0.6931471805599453, y * 0.6931471805599453) / 0.6931471805599453; break;  /* \log_2 \left(2^{x} + 2^{y}\right) */
case AG_radians: z = x * 0.017453292519943295; break;  /* \tfrac{\pi}{180} \, x */
case AG_degrees: z = x * 57.29577951308232; break;  /* \tfrac{180}{\pi} \, x */
case AG_over_cosh2: z = ag_over_cosh2(x, y); break;  /* \frac{g}{\left(\cosh x\right)^2} */
case AG_over_cosh1: z = ag_over_cosh1(x, y); break;  /* \frac{g}{2 + 2 \cosh x} */
case AG_over_square1: z = x / (1.0 + (y * y)); break;  /* \frac{g}{1 + x^2} */
case AG_gauss: z = ag_gauss(x, y); break;  /* e^{-\mathrm{scale} \, x^2} */
case AG_normal_cdf: z = ag_normal_cdf(x); break;  /* \Phi(x) */
case AG_one_less_square: z = (1.0 - x) * (1.0 + x); break;  /* (1 - x^2) */
case AG_add: z = x + y; break;  /* x + y */
case AG_subtract: z = x - y; break;  /* x - y */
case AG_multiply: z = x * y; break;  /* x \, y */
case AG_divide: z = x / y; break;  /* \frac{x}{y} */
case AG_negative: z = -x; break;  /* -x */
case AG_power: z = pow(x, y); break;  /* x^{y} */
case AG_square: z = x * x; break;  /* x^{2} */
case AG_reciprocal: z = 1.0 / x; break;  /* \frac{1}{x} */
case AG_absolute: z = fabs(x); break;  /* \left|x\right| */
case AG_flat: z = ag_flat(x, y); break;  /* \operatorname{flat}(g, x) */
case AG_sign: z = ag_sign(x); break;  /* \operatorname{sgn} x */
case AG_step: z = ag_step(x); break;  /* [x > 0] */
case AG_tie: z = ag_tie(x, y); break;  /* \left[x \geq y\right] */
case AG_same: z = ag_same(x, y); break;  /* [x = y] */
case AG_floor: z = floor(x); break;  /* \lfloor x \rfloor */
case AG_ceil: z = ceil(x); break;  /* \lceil x \rceil */
case AG_round: z = rint(x); break;  /* \operatorname{round} x */
case AG_maximum: z = ag_maximum(x, y); break;  /* \max(x, y) */
case AG_minimum: z = ag_minimum(x, y); break;  /* \min(x, y) */
case AG_fmod: z = fmod(x, y); break;  /* \operatorname{fmod}(x, y) */
case AG_remainder: z = ag_remainder(x, y); break;  /* x \bmod y */
case AG_fabs: z = fabs(x); break;  /* \left|x\right| */
case AG_hard_sigmoid: z = ag_minimum(ag_maximum((x / 6.0) + 0.5, 0.0), 1.0); break;  /* \operatorname{hardsigmoid} x */
case AG_hard_tanh: z = ag_minimum(ag_maximum(x, -1.0), 1.0); break;  /* \operatorname{hardtanh} x */
case AG_relu: z = ag_relu(x); break;  /* \operatorname{relu} x */
case AG_leaky_relu: z = (x > 0 ? x : y * x); break;  /* \operatorname{relu}_{\mathrm{negative\_slope}} x */
case AG_elu: z = (x > 0 ? x : y * expm1(x)); break;  /* \operatorname{elu}_{\alpha} x */
case AG_selu: z = 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x)); break;  /* \operatorname{selu} x */
case AG_softplus: z = ag_logaddexp(x, 0.0); break;  /* \operatorname{softplus} x */
case AG_silu: z = x * ag_sigmoid(x); break;  /* \operatorname{silu} x */
case AG_gelu_tanh: z = x * ag_sigmoid((1.5957691216057308 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * (1.0 + ((0.044715 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * ag_minimum(ag_maximum(x, -100.0), 100.0)))); break;  /* \operatorname{gelutanh} x */
case AG_gelu: z = x * ag_normal_cdf(x); break;  /* \operatorname{gelu} x */
case AG_mish: z = x * tanh(ag_logaddexp(x, 0.0)); break;  /* \operatorname{mish} x */
case AG_where: z = (x != 0 ? y : w); break;  /* \begin{cases} x & \mathrm{condition} \\ y & \text{else} \end{cases} */
case AG_clip: z = ag_minimum(ag_maximum(x, y), w); break;  /* \operatorname{clip}(x, \mathrm{low}, \mathrm{high}) */
#endif

#ifdef AG_BACKWARD
case AG_multiply0: A(ag_multiply0(g, y)) B(ag_multiply0(g, x)) break;  /* y, x */
case AG_divide0: A(ag_divide0(g, y)) B(-ag_divide0(g * z, y)) break;  /* \frac{1}{y}, -\frac{z}{y} */
case AG_log0: A(ag_divide0(g, x)) break;  /* \frac{1}{x} */
case AG_exp: A(g * z) break;  /* y */
case AG_exp2: A((g * z) * 0.6931471805599453) break;  /* \left(\ln 2\right) \, y */
case AG_expm1: A(g * exp(x)) break;  /* e^{x} */
case AG_log: A(g / x) break;  /* \frac{1}{x} */
case AG_log1p: A(g / (1.0 + x)) break;  /* \frac{1}{1 + x} */
case AG_log2: A(g / (x * 0.6931471805599453)) break;  /* \frac{1}{\left(\ln 2\right) \, x} */
case AG_log10: A(g / (x * 2.302585092994046)) break;  /* \frac{1}{\left(\ln 10\right) \, x} */
case AG_sqrt: A(g / (2.0 * z)) break;  /* \frac{1}{2 \, y} */
case AG_cbrt: A(g / (3.0 * (z * z))) break;  /* \frac{1}{3 \, y^{2}} */
case AG_sin: A(g * cos(x)) break;  /* \cos x */
case AG_cos: A(-(g * sin(x))) break;  /* -\sin x */
case AG_tan: A(g * (1.0 + (z * z))) break;  /* 1 + y^{2} */
case AG_arcsin: A(g / sqrt((1.0 - x) * (1.0 + x))) break;  /* \frac{1}{\sqrt{1 - x^{2}}} */
case AG_arccos: A(-(g / sqrt((1.0 - x) * (1.0 + x)))) break;  /* \frac{-1}{\sqrt{1 - x^{2}}} */
case AG_arctan: A(g / (1.0 + (x * x))) break;  /* \frac{1}{1 + x^2} */
case AG_arctan2: A(g * ag_divide0(ag_divide0(y, hypot(y, x)), hypot(y, x))) B(-(g * ag_divide0(ag_divide0(x, hypot(y, x)), hypot(y, x)))) break;  /* \frac{x}{x^{2} + y^{2}}, -\frac{y}{x^{2} + y^{2}} */
case AG_sinh: A(g * cosh(x)) break;  /* \cosh x */
case AG_cosh: A(g * sinh(x)) break;  /* \sinh x */
case AG_tanh: A(ag_over_cosh2(g, x)) break;  /* 1 - y^{2} */
case AG_arcsinh: A(g / ag_hypot1(x)) break;  /* \frac{1}{\sqrt{x^2 + 1}} */
case AG_arccosh: A(g / (sqrt(x - 1.0) * sqrt(x + 1.0))) break;  /* \frac{1}{\sqrt{x - 1} \, \sqrt{x + 1}} */
case AG_arctanh: A(g / ((1.0 - x) * (1.0 + x))) break;  /* \frac{1}{1 - x^{2}} */
case AG_hypot: A(g * ag_divide0(x, hypot(x, y))) B(g * ag_divide0(y, hypot(y, x))) break;  /* \frac{x}{z}, \frac{y}{z} */
case AG_hypot1: A(g * ag_divide0(x, hypot(x, 1.0))) break;  /* 1 \, \frac{x}{\sqrt{x^2 + 1^2}} */
case AG_erf: A((g * 1.1283791670955126) * ag_gauss(x, 1.0)) break;  /* \tfrac{2}{\sqrt{\pi}} \, e^{-x^{2}} */
case AG_sigmoid: A(ag_over_cosh1(g, x)) break;  /* y \, \left(1 - y\right) */
case AG_logaddexp: A(g * ag_sigmoid(ag_log_ratio(x, y))) B(g * ag_sigmoid(ag_log_ratio(y, x))) break;  /* \sigma(x - y), \sigma(y - x) */
case AG_log_ratio: A(g) B(-g) break;  /* 1, -1 */
case AG_logaddexp2: A(g * ag_sigmoid(ag_log_ratio(x, y) * 0.6931471805599453)) B(g * ag_sigmoid(ag_log_ratio(y, x) * 0.6931471805599453)) break;  /* \sigma(\left(\ln 2\right) \, \left(x - y\right)), \sigma(\left(\ln 2\right) \, \left(y - x\right)) */
case AG_radians: A(g * 0.017453292519943295) break;  /* 0.0174533 */
case AG_degrees: A(g * 57.29577951308232) break;  /* 57.2958 */
case AG_over_cosh2: A(ag_over_cosh2(g, y)) B((((-2.0) * g) * z) * tanh(y)) break;  /* \frac{1}{\left(\cosh x\right)^2}, \left(-2 \, z\right) \, \tanh x */
case AG_over_cosh1: A(ag_over_cosh1(g, y)) B(-((g * z) * tanh(0.5 * y))) break;  /* \frac{1}{2 + 2 \cosh x}, -z \, \tanh \left(0.5 \, x\right) */
case AG_over_square1: A(g / (1.0 + (y * y))) B((((-2.0) * g) * z) * (y / (1.0 + (y * y)))) break;  /* \frac{1}{1 + x^2}, \left(-2 \, z\right) \, \frac{x}{1 + x^2} */
case AG_gauss: A((((-2.0) * y) * g) * (x * z)) break;  /* \left(-2 \, \mathrm{scale}\right) \, x \, y */
case AG_normal_cdf: A((g * 0.3989422804014327) * ag_gauss(x, 0.5)) break;  /* \tfrac{1}{\sqrt{2\pi}} \, e^{-0.5 \, x^2} */
case AG_one_less_square: A(((-2.0) * g) * x) break;  /* -2 \, x */
case AG_add: A(g) B(g) break;  /* 1, 1 */
case AG_subtract: A(g) B(-g) break;  /* 1, -1 */
case AG_multiply: A(g * y) B(g * x) break;  /* y, x */
case AG_divide: A(g / y) B(-((g * z) / y)) break;  /* \frac{1}{y}, -\frac{z}{y} */
case AG_negative: A(-g) break;  /* -1 */
case AG_power: A(g * ag_multiply0(y, pow(x, y - 1.0))) B(g * ag_multiply0(z, ag_log0(x))) break;  /* y \, x^{y - 1}, z \, \ln x */
case AG_square: A((g * 2.0) * x) break;  /* 2 \, x */
case AG_reciprocal: A(-(g * (z * z))) break;  /* -y^{2} */
case AG_absolute: A(ag_multiply0(g, ag_sign(x))) break;  /* \operatorname{sgn} x */
case AG_flat: A(ag_flat(g, y)) B(ag_flat(ag_multiply0(g, x), y)) break;  /* 0, 0 */
case AG_sign: A(ag_flat(g, z)) break;  /* 0 */
case AG_step: A(ag_flat(g, z)) break;  /* 0 */
case AG_tie: A(ag_flat(g, z)) B(ag_flat(g, z)) break;  /* 0, 0 */
case AG_same: A(ag_flat(g, z)) B(ag_flat(g, z)) break;  /* 0, 0 */
case AG_floor: A(ag_flat(g, z)) break;  /* 0 */
case AG_ceil: A(ag_flat(g, z)) break;  /* 0 */
case AG_round: A(ag_flat(g, z)) break;  /* 0 */
case AG_maximum: A(ag_multiply0(g, ag_tie(x, y))) B(ag_multiply0(g, ag_tie(y, x))) break;  /* \left[x \geq y\right], \left[y \geq x\right] */
case AG_minimum: A(ag_multiply0(g, ag_tie(y, x))) B(ag_multiply0(g, ag_tie(x, y))) break;  /* \left[y \geq x\right], \left[x \geq y\right] */
case AG_fmod: A(g * ag_same(z, z)) B(-(g * rint((x - z) / y))) break;  /* [z = z], -\operatorname{round} \frac{x - z}{y} */
case AG_remainder: A(g * ag_same(z, z)) B(-((g * ag_same(z, z)) * ((ag_same(z, y) != 0 ? (-1.0) : rint((x - z) / y))))) break;  /* [z = z], -[z = z] \, \left(\begin{cases} \left(-1\right) & [z = y] \\ \operatorname{round} \frac{x - z}{y} & \text{else} \end{cases}\right) */
case AG_fabs: A(ag_multiply0(g, ag_sign(x))) break;  /* \operatorname{sgn} x */
case AG_hard_sigmoid: A(((g * ag_step(x + 3.0)) * ag_step(3.0 - x)) / 6.0) break;  /* \frac{[x + 3 > 0] \, [3 - x > 0]}{6} */
case AG_hard_tanh: A((g * ag_step(x + 1.0)) * ag_step(1.0 - x)) break;  /* [x + 1 > 0] \, [1 - x > 0] */
case AG_relu: A(g * ag_step(x)) break;  /* [x > 0] */
case AG_leaky_relu: A(g * (y + ((1.0 - y) * ag_step(x)))) break;  /* \mathrm{negative\_slope} + \left(1 - \mathrm{negative\_slope}\right) \, [x > 0] */
case AG_elu: A((g * exp(ag_minimum(x, 0.0))) * (y + ((1.0 - y) * ag_step(x)))) break;  /* e^{\min(x, 0)} \, \left(\alpha + \left(1 - \alpha\right) \, [x > 0]\right) */
case AG_selu: A(((g * exp(ag_minimum(x, 0.0))) * 1.0507009873554805) * (1.6732632423543772 + ((-0.6732632423543772) * ag_step(x)))) break;  /* 1.0507009873554805 \, e^{\min(x, 0)} \, \left(1.6732632423543772 - 0.6732632423543772 \, [x > 0]\right) */
case AG_softplus: A(g * ag_sigmoid(x)) break;  /* \sigma(x) */
case AG_silu: A((g * ag_sigmoid(x)) * (1.0 + (x * ag_sigmoid(-x)))) break;  /* \sigma(x) \, \left(1 + x \, \sigma(-x)\right) */
case AG_gelu_tanh: A(g * (ag_sigmoid((1.5957691216057308 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * (1.0 + ((0.044715 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * ag_minimum(ag_maximum(x, -100.0), 100.0)))) * (1.0 + (((1.5957691216057308 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * (1.0 + ((0.134145 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * ag_minimum(ag_maximum(x, -100.0), 100.0)))) * ag_sigmoid(-((1.5957691216057308 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * (1.0 + ((0.044715 * ag_minimum(ag_maximum(x, -100.0), 100.0)) * ag_minimum(ag_maximum(x, -100.0), 100.0))))))))) break;  /* \sigma(1.5957691216057308 \, x \, \left(1 + 0.044715 \, x \, x\right)) \, \left(1 + 1.5957691216057308 \, x \, \left(1 + 0.134145 \, x \, x\right) \, \sigma(-1.5957691216057308 \, x \, \left(1 + 0.044715 \, x \, x\right))\right) */
case AG_gelu: A(g * (ag_normal_cdf(x) + ((x * 0.3989422804014327) * ag_gauss(x, 0.5)))) break;  /* \Phi(x) + \tfrac{1}{\sqrt{2\pi}} \, x \, e^{-0.5 \, x^2} */
case AG_mish: A(g * (tanh(ag_logaddexp(x, 0.0)) + ag_over_cosh2(x * ag_sigmoid(x), ag_logaddexp(x, 0.0)))) break;  /* \tanh \operatorname{softplus} x + \frac{x \, \sigma(x)}{\left(\cosh \operatorname{softplus} x\right)^2} */
case AG_where: B((x != 0 ? g : 0.0)) W((x != 0 ? 0.0 : g)) break;  /* \begin{cases} 1 & \mathrm{condition} \\ 0 & \text{else} \end{cases}, \begin{cases} 0 & \mathrm{condition} \\ 1 & \text{else} \end{cases} */
case AG_clip: A(ag_multiply0(g, ag_tie(x, y) * ag_tie(w, ag_maximum(x, y)))) B(ag_multiply0(g, ag_tie(y, x) * ag_tie(w, ag_maximum(x, y)))) W(ag_multiply0(g, ag_tie(ag_maximum(x, y), w))) break;  /* \left[x \geq \mathrm{low}\right] \, \left[\mathrm{high} \geq \max(x, \mathrm{low})\right], \left[\mathrm{low} \geq x\right] \, \left[\mathrm{high} \geq \max(x, \mathrm{low})\right], \left[\max(x, \mathrm{low}) \geq \mathrm{high}\right] */
#endif
