"""`numpy.fft` for Tensors: Fourier transforms of real and Complex arrays, for real losses."""

from .core.complex import Complex
from .ops.arrays.fourier import fft, fftfreq, ifft, irfft, rfft, rfftfreq
from .ops.arrays.spectra import fft2, fftn, fftshift, ifft2, ifftn, ifftshift, irfft2, irfftn, rfft2, rfftn

__all__ = ["Complex", "fft", "fft2", "fftfreq", "fftn", "fftshift", "ifft", "ifft2", "ifftn", "ifftshift", "irfft",
           "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn"]
