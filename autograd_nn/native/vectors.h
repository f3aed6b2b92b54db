/* The compiler makes the loops for each width of the processor's vectors, and the loader takes the widest there is; of
   loops that are often shorter than the widest vectors, of which the rest goes one by one, the second widest. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define WIDE_VECTORS __attribute__((target_clones("avx512f", "avx2", "default")))
#define SHORT_LOOPS __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_VECTORS
#define SHORT_LOOPS
#endif
