/* Convolution and its gradients on memory that the caller owns: standard convolution by oneDNN or, where these are
 * faster, by kernels of this library, which compute everything else.
 *
 * Plain C. Every function but the queries that return a value returns a status; c4j_last_error() tells the calling
 * thread what went wrong. Nothing here prints, aborts or lets an exception out.
 *
 * Memory enters as (address, size in bytes), both int64_t, so that sizes are checked on this side too; tensors are in a
 * layout named by a number. No address is kept after a call returns.
 */
#ifndef CONV4J_CONV4J_H_
#define CONV4J_CONV4J_H_

#include <stdint.h>

#if defined(__GNUC__)
#define C4J_API __attribute__((visibility("default")))
#else
#define C4J_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
  C4J_OK = 0,
  C4J_INVALID_ARGUMENT = 1,
  C4J_OUT_OF_MEMORY = 2, /* or of threads */
  C4J_UNSUPPORTED = 3,
  C4J_INTERNAL_ERROR = 4
};

/* What the last failing call of this thread had to say; valid until the thread's next failure. */
C4J_API const char* c4j_last_error(void);

C4J_API const char* c4j_version(void);

/* The instruction set that own kernels use by default: "generic", "avx2" or "avx512". It is the best that the CPU has,
 * or what the environment variable CONV4J_ISA says, which also bounds oneDNN's; null when that names one the CPU lacks.
 */
C4J_API const char* c4j_isa(void);

/* What this machine reaches on so many threads (0 means one per CPU): flops a second of multiplications with additions
 * on an instruction set (C4J_ISA_DEFAULT, ...), and bytes a second, read and written, within memory of size_bytes,
 * at most 64 MB. Measured when first asked for, within some tens of milliseconds. */
C4J_API int32_t c4j_machine_limits(int64_t isa, int64_t threads, int64_t size_bytes, int64_t* flops_per_second,
                                   int64_t* bytes_per_second);

/* ---- Memory ---------------------------------------------------------------------------------------------------- */

/* Allocates size_bytes of zeros, aligned to 64 bytes, on huge pages where it pays. */
C4J_API int32_t c4j_memory_allocate(int64_t size_bytes, int64_t* address);

/* Frees what c4j_memory_allocate returned for this size. */
C4J_API int32_t c4j_memory_free(int64_t address, int64_t size_bytes);

/* Bytes allocated by this library and not yet freed: tensors and the workspaces of plans. */
C4J_API int64_t c4j_memory_live_bytes(void);

/* Copies size_bytes between two places that do not overlap, each a pointer and an offset in bytes; the caller vouches
 * for both. */
C4J_API int32_t c4j_memory_copy(void* destination, int64_t destination_offset, const void* source,
                                int64_t source_offset, int64_t size_bytes);

/* The number by which an address goes here. */
C4J_API int64_t c4j_memory_address(const void* pointer);

/* ---- Layouts --------------------------------------------------------------------------------------------------- */

/* A layout says where the elements of a logical shape lie, and what they are. Two, of float32, are known to everyone;
 * plans issue others, which stay valid for the life of the process and are the same number when they are the same
 * layout. */
enum {
  C4J_CHANNELS_FIRST = 0, /* logical order: the last dimension is contiguous */
  C4J_CHANNELS_LAST = 1   /* dimension 1 moved to the end */
};

enum {
  C4J_F32 = 0,
  C4J_BF16 = 1 /* the upper half of a float32 */
};

/* Bytes of a tensor of this shape (dims[0..rank)) in this layout, padding lanes included. */
C4J_API int32_t c4j_layout_size_bytes(int64_t layout, const int64_t* dims, int64_t rank, int64_t* size_bytes);

/* A name for people, valid for the life of the process; null for a number that is no layout. */
C4J_API const char* c4j_layout_name(int64_t layout);

/* What the elements of a layout are (C4J_F32, ...); -1 for a number that is no layout. */
C4J_API int32_t c4j_layout_type(int64_t layout);

/* Copies a tensor from one layout to another. To C4J_BF16 numbers are rounded to the nearest, ties to even; a NaN stays
 * one. `threads` as in c4j_options; the caller vouches that the two lie apart. */
C4J_API int32_t c4j_reorder(const int64_t* dims, int64_t rank, int64_t source, int64_t source_bytes,
                            int64_t source_layout, int64_t destination, int64_t destination_bytes,
                            int64_t destination_layout, int64_t threads);

/* ---- Plans ----------------------------------------------------------------------------------------------------- */

enum {
  C4J_SHARED = 0,
  C4J_TILED = 1,
  C4J_LOCAL = 2,
  C4J_BLOCKS = 3
};
enum {
  C4J_BIAS_NONE = 0,
  C4J_BIAS_CHANNEL = 1,
  C4J_BIAS_KERNEL = 2,
  C4J_BIAS_POSITION = 3
};
enum {
  C4J_CROSS_CORRELATION = 0,
  C4J_CONVOLUTION = 1
};

/* One spatial dimension, sizes resolved. The source element under tap k of output position x is
 * x * stride - pad_begin + k * dilation. */
typedef struct {
  int64_t input;
  int64_t kernel;
  int64_t stride;
  int64_t dilation; /* 1 means none */
  int64_t pad_begin;
  int64_t pad_end; /* below 0: trailing source elements are left out */
  int64_t output;
  int64_t sharing;      /* C4J_SHARED, ... */
  int64_t sharing_size; /* the period of C4J_TILED, the block of C4J_BLOCKS, else 1 */
} c4j_axis;

/* A convolution, sizes resolved. All fields are int64_t, so that an array of 35 of them is one.
 *
 * src [n, ic, spatial...], dst [n, oc, spatial...], weights [oc, (kernels per axis...,) ic / g, kernel size per
 * axis...], the kernels only where an axis is not shared.
 *
 * A transposed layer is the same plan read in a mirror: its forward pass is C4J_BACKWARD_DATA, its data gradient
 * C4J_FORWARD. `transposed` says so; the bias then belongs to src. */
typedef struct {
  int64_t spatial; /* axes in use, 1 to 3 */
  int64_t n;
  int64_t ic;
  int64_t oc;
  int64_t groups;
  int64_t bias;        /* C4J_BIAS_NONE, ... */
  int64_t orientation; /* C4J_CROSS_CORRELATION, ... */
  int64_t transposed;  /* 0 or 1 */
  c4j_axis axes[3];
} c4j_geometry;

enum {
  C4J_AUTO = 0,
  C4J_ONEDNN = 1,
  C4J_KERNELS = 2
};
enum {
  C4J_ISA_DEFAULT = 0,
  C4J_ISA_GENERIC = 1,
  C4J_ISA_AVX2 = 2,
  C4J_ISA_AVX512 = 3
};

/* Applied to the result of a layer's forward pass, after the bias and, with C4J_ADD, after what is added to. The other
 * passes take the gradient at the point before it. */
enum {
  C4J_ACTIVATION_NONE = 0,
  C4J_RELU = 1,
  C4J_LEAKY_RELU = 2, /* slope * x below 0 */
  C4J_SIGMOID = 3,
  C4J_TANH = 4,
  C4J_GELU = 5 /* x (1 + erf(x / sqrt 2)) / 2 */
};

/* All fields int64_t, as above; zeros are the defaults. */
typedef struct {
  int64_t threads;        /* of every pass, at most OMP_THREAD_LIMIT; 0 means one per CPU */
  int64_t implementation; /* C4J_AUTO: for convolutions shared on every axis oneDNN or own kernels, pass by
                           * pass the one that is expected to be faster; own kernels for the others */
  int64_t isa;            /* of own kernels; one that the CPU lacks is refused */
  int64_t weights_type;   /* C4J_BF16 is for inference by own kernels: the weights' gradient is refused */
  int64_t activation;     /* C4J_RELU, ... */
  int64_t slope_bits;     /* of C4J_LEAKY_RELU: the bits of a float */
} c4j_options;

enum {
  C4J_FORWARD = 0,
  C4J_BACKWARD_DATA = 1,
  C4J_BACKWARD_WEIGHTS = 2,
  C4J_BACKWARD_BIAS = 3
};
enum {
  C4J_OVERWRITE = 0,
  C4J_ADD = 1
};
enum {
  C4J_SRC = 0,
  C4J_WEIGHTS = 1,
  C4J_BIAS = 2,
  C4J_DST = 3
};

/* Makes a plan; c4j_plan_destroy frees it. Tensors of more than 2^34 elements are unsupported. */
C4J_API int32_t c4j_plan_create(const c4j_geometry* geometry, const c4j_options* options, int64_t* plan);

/* A plan for another batch size that shares every choice, and the layouts but that of weights for which oneDNN would
 * have nothing but reference loops at this size. */
C4J_API int32_t c4j_plan_with_batch(int64_t plan, int64_t n, int64_t* new_plan);

/* The caller vouches that no call on the plan is running. */
C4J_API int32_t c4j_plan_destroy(int64_t plan);

/* The layout that the plan likes best for an operand (C4J_SRC, C4J_WEIGHTS, C4J_DST). */
C4J_API int32_t c4j_plan_layout(int64_t plan, int64_t operand, int64_t* layout);

/* The layout that one pass but C4J_BACKWARD_BIAS computes an operand in; where it is another than c4j_plan_layout's,
 * the pass reorders. */
C4J_API int32_t c4j_plan_pass_layout(int64_t plan, int64_t pass, int64_t operand, int64_t* layout);

/* Bytes of workspace that a pass takes when its operands are in the plan's layouts, its result being overwritten or
 * added to (C4J_ADD). */
C4J_API int32_t c4j_plan_workspace_bytes(int64_t plan, int64_t pass, int64_t accumulate, int64_t* size_bytes);

/* What computes a pass, for people; valid as long as the plan. Null for a pass that is none. */
C4J_API const char* c4j_plan_implementation(int64_t plan, int64_t pass);

/* Runs one pass.
 *
 *   C4J_FORWARD           dst          = conv(src, weights) + bias
 *   C4J_BACKWARD_DATA     src          = h(weights, dst)  (+ bias, in a transposed plan)
 *   C4J_BACKWARD_WEIGHTS  weights      = g(dst, src)
 *   C4J_BACKWARD_BIAS     bias         = the sum of dst (of src, in a transposed plan)
 *
 * Operands a pass does not use are passed as 0, 0, 0; so is the bias of a plan without one, while
 * the layer's forward pass takes that of a plan with one. Each comes in any layout; the caller vouches that the result
 * lies apart from the others. C4J_ADD adds to the result instead of overwriting it. Thread-safe. */
C4J_API int32_t c4j_plan_execute(int64_t plan, int64_t pass, int64_t accumulate, int64_t src, int64_t src_bytes,
                                 int64_t src_layout, int64_t weights, int64_t weights_bytes, int64_t weights_layout,
                                 int64_t bias, int64_t bias_bytes, int64_t bias_layout, int64_t dst, int64_t dst_bytes,
                                 int64_t dst_layout);

#ifdef __cplusplus
}
#endif

#endif /* CONV4J_CONV4J_H_ */
