/* Memory for large arrays, kept from step to step.

   A C library gives large pieces of memory back to the system as soon as they are free, and takes new ones, page by
   page, each cleared at its first touch. A training step does so with all that it computes, which may take a third of
   its time. So what the engine computes lies in blocks of ours (NumPy lets an allocator be installed for the arrays
   that are made under it, NEP 49), and a block that has become free waits for the next array of about its size.

   The allocator is installed only while an op or a rule runs on large arrays, in the context of that thread; arrays
   that are made before, after or elsewhere are none of ours. An array knows whose its memory is, so it may live as long
   as it likes, be freed in any thread, be resized and be pickled.

   What waits is at most BOUND bytes: then those that have waited longest go. A lock guards the lists, and nobody waits
   for it: who finds it taken does without, so a child process that was forked at a bad moment does too. */

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define HIDE(block) ASAN_POISON_MEMORY_REGION((block) + 1, (block)->room)
#define SHOW(block) ASAN_UNPOISON_MEMORY_REGION((block) + 1, (block)->room)
#else
#define HIDE(block) ((void)(block))
#define SHOW(block) ((void)(block))
#endif

#define LARGE ((npy_intp)1 << 16)                       /* bytes of an array for which it is worth the trouble */
#define LEAST ((size_t)1 << 15)                         /* a smaller block does not wait: malloc keeps those itself */
#define BOUND ((size_t)1 << 28)                         /* of all that waits */
#define HUGE_FROM ((size_t)1 << 22)                     /* what NumPy asks the system to hold in large pages */
#define KINDS 256
#define ALIGNMENT 64                                    /* of a line in the cache, and of the widest vectors */

/* What stands before the numbers. `next` and `previous` are of its kind; `newer` and `older` of all that wait. */
typedef struct Block {
    struct Block *next, *previous, *newer, *older;
    void *memory;
    size_t room, kind;
    size_t unused;                                      /* so that it fills a line */
} Block;

static struct { Block *first[KINDS], *newest, *oldest; size_t bytes; PyThread_type_lock lock; } waiting;

/* The bytes for a block that holds `size`, and its kind: four kinds between two powers of two. */
static size_t rounded(size_t size, size_t *kind)
{
    size_t exponent = 0, step, count;
    for (size_t rest = (size - 1) >> 1; rest; rest >>= 1)
        exponent++;
    step = (size_t)1 << (exponent - 2);
    count = (size + step - 1) / step;                   /* 5 to 8 */
    *kind = 4 * exponent + count - 5;
    return count * step;
}

static int take_lock(void) { return PyThread_acquire_lock(waiting.lock, NOWAIT_LOCK) == PY_LOCK_ACQUIRED; }

/* Out of the lists. */
static void unlink_block(Block *block)
{
    *(block->previous ? &block->previous->next : &waiting.first[block->kind]) = block->next;
    if (block->next)
        block->next->previous = block->previous;
    *(block->newer ? &block->newer->older : &waiting.newest) = block->older;
    *(block->older ? &block->older->newer : &waiting.oldest) = block->newer;
    waiting.bytes -= block->room;
}

static void link_block(Block *block)
{
    Block **first = &waiting.first[block->kind];
    block->next = *first;
    block->older = waiting.newest;
    block->previous = block->newer = NULL;
    if (*first)
        (*first)->previous = block;
    *(waiting.newest ? &waiting.newest->newer : &waiting.oldest) = block;
    *first = waiting.newest = block;
    waiting.bytes += block->room;
}

/* Those that have waited longest, as many as are more than `bytes`; in a chain by `next`. */
static Block *surplus(size_t bytes)
{
    Block *chain = NULL;
    while (waiting.bytes > bytes) {
        Block *block = waiting.oldest;
        unlink_block(block);
        block->next = chain;
        chain = block;
    }
    return chain;
}

static void give_back(Block *chain)
{
    while (chain) {
        Block *block = chain;
        chain = block->next;
        SHOW(block);
        free(block->memory);
    }
}

static Block *block_of(void *numbers) { return (Block *)numbers - 1; }

static void *new_block(size_t size, int zeros)
{
    size_t kind = 0, room = size ? size : 1;
    if (size > PTRDIFF_MAX / 2)
        return NULL;
    if (size >= LEAST)
        room = rounded(size, &kind);
    if (size >= LEAST && take_lock()) {
        Block *block = waiting.first[kind];
        if (block)
            unlink_block(block);
        PyThread_release_lock(waiting.lock);
        if (block) {
            SHOW(block);
            return zeros ? memset(block + 1, 0, size) : block + 1;
        }
    }
    size_t all = room + sizeof(Block) + ALIGNMENT;
    char *memory = zeros ? calloc(1, all) : malloc(all);
    if (!memory)
        return NULL;
    Block *block = (Block *)(((uintptr_t)memory + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1));
    *block = (Block){.memory = memory, .room = room, .kind = kind};
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (room >= HUGE_FROM) {
        uintptr_t page = ((uintptr_t)memory + 4095) & ~(uintptr_t)4095;
        madvise((void *)page, (uintptr_t)memory + all - page, MADV_HUGEPAGE);
    }
#endif
    return block + 1;
}

static void *cache_malloc(void *Py_UNUSED(context), size_t size) { return new_block(size, 0); }

static void *cache_calloc(void *Py_UNUSED(context), size_t count, size_t size)
{
    return size && count > PTRDIFF_MAX / size ? NULL : new_block(count * size, 1);
}

static void cache_free(void *Py_UNUSED(context), void *numbers, size_t Py_UNUSED(size))
{
    if (!numbers)
        return;
    Block *block = block_of(numbers), *chain = block;
    block->next = NULL;
    if (block->room >= LEAST && block->room <= BOUND && take_lock()) {
        HIDE(block);
        link_block(block);
        chain = surplus(BOUND);
        PyThread_release_lock(waiting.lock);
    }
    give_back(chain);
}

/* ndarray.resize */
static void *cache_realloc(void *context, void *numbers, size_t size)
{
    void *moved = new_block(size, 0);
    if (moved && numbers) {
        size_t room = block_of(numbers)->room;
        memcpy(moved, numbers, room < size ? room : size);
        cache_free(context, numbers, room);
    }
    return moved;
}

static PyDataMem_Handler cache = {
    "autograd_nn", 1, {NULL, cache_malloc, cache_calloc, cache_realloc, cache_free},
};
static PyObject *cache_capsule;

static int set_up_memory(void)
{
    if (!waiting.lock && !(waiting.lock = PyThread_allocate_lock())) {
        PyErr_NoMemory();
        return FAILED;
    }
    if (!cache_capsule)
        cache_capsule = PyCapsule_New(&cache, "mem_handler", NULL);
    return cache_capsule ? DONE : FAILED;
}

static int is_large(const PyArrayObject *a) { return PyArray_NBYTES(a) >= LARGE; }

/* Let arrays take memory of ours from here on; gives what was in force, for stop_caching(), or NULL: not done. */
static PyObject *start_caching(void)
{
    PyObject *before = PyDataMem_SetHandler(cache_capsule);
    if (!before)
        PyErr_Clear();
    return before;
}

static void stop_caching(PyObject *before)
{
    if (!before)
        return;
    PyObject *kind, *what, *where;
    PyErr_Fetch(&kind, &what, &where);
    Py_XDECREF(PyDataMem_SetHandler(before));
    PyErr_Restore(kind, what, where);
    Py_DECREF(before);
}

/* free_cached(): give all that waits back to the system; how many bytes that was. */
static PyObject *tensor_free_cached(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    size_t bytes = 0;
    Block *chain = NULL;
    if (take_lock()) {
        bytes = waiting.bytes;
        chain = surplus(0);
        PyThread_release_lock(waiting.lock);
    }
    give_back(chain);
    return PyLong_FromSize_t(bytes);
}
