// What every convolution kernel sums over.
#ifndef CONV4J_KERNELS_SEGMENT_H_
#define CONV4J_KERNELS_SEGMENT_H_

#include <stdint.h>

#include "core/data_type.h"

namespace conv4j {

// A run of `length` terms of a sum: where it begins in each of the two factors, in elements.
struct Segment {
  int64_t a;
  int64_t b;
  int64_t length;
};

// A tile of results, each the sum over all segments of products of one element of `a` and one of `b`:
//
//   c[row * c_row + column] = init[row * init_row + column] + sum over segments s, over k < length(s), of A * B
//
//   gemm         A = a[s.a + row * a_row + k]   B = b[s.b + k * b_step + column]
//   gemm_t       A = a[s.a + k * a_row + row]   B = b[s.b + k * b_step + column]
//   gemm_pairs   A = a[s.a + row * a_row + k]   B = b[s.b + k / 2 * b_step + 2 * column + k % 2], or of a last k
//                without its pair b[s.b + k / 2 * b_step + column]   (columns are a vector at most)
//   dot          A = a[s.a + row * a_row + k]   B = b[s.b + column * b_step + k]
//   dot_slide    the sum over j < terms of A = a[s.a + (row + k) * a_row + j]
//                and B = b[s.b + windows[row % phases][k] + column * b_step + j]
//                (all lengths are the same; 1 to 4 phases)
//   channelwise  A = a[s.a + row * a_row + column]   B = b[s.b + column]   (lengths are 1)
//   channelwise_slide  A = a[s.a + (row + k) * a_row + column]
//                B = b[s.b + windows[row % phases][k] + column]   (all lengths are the same; 1 to 4 phases)
//                Of all row + k of either slide, the first pad_before and the last pad_after are on the padding: A is
//                not read there, and adds nothing.
//   channelwise_t  A = a[s.a + k * a_row + row * a_step + column]   B = b[s.b + k * b_step + column]
//                with up to 4 phases, over the k of each, k % phases, apart
//
// Rows of channelwise_t, and of gemm_t if line_rows is not 0, come in lines of line_rows, from each of which to the
// next A moves by a_line, and c and init by c_line. Sums of phase p of channelwise_t go to kernel (first_phase + p) %
// phases, from each of which to the next c and init move by c_phase.
//
// gemm_bf16, dot_bf16, dot_slide_bf16, channelwise_bf16 and channelwise_slide_bf16 are the same with a `b` of Bf16,
// widened exactly.
//
// A call computes `tiles` such tiles, none meaning one, with a, b, c and init moved by steps of their own from each to
// the next.
//
// All steps in elements; `init` null counts as zeros and may be `c` itself. Nothing outside the tile and the terms is
// read or written, so that operands may end anywhere.
struct Tile {
  const float* a;
  const void* b;  // of float, or of Bf16
  float* c;
  const float* init;
  int64_t a_row;
  int64_t a_step;
  int64_t b_step;
  int64_t c_row;
  int64_t init_row;
  int64_t rows;
  int64_t line_rows;
  int64_t a_line;
  int64_t c_line;
  int64_t columns;
  int64_t terms;
  int64_t phases;
  int64_t pad_before;
  int64_t pad_after;
  int64_t first_phase;
  int64_t c_phase;
  const int64_t* windows;
  const Segment* segments;
  int64_t segment_count;
  int64_t tiles;
  int64_t a_next;
  int64_t b_next;
  int64_t c_next;
  int64_t init_next;
  int64_t a_ahead;  // how far before their use the tile's successor has its A and B in memory: they are prefetched;
  int64_t b_ahead;  // 0: nothing is
  int64_t a_last;   // channelwise_slide: how far from a row's first A its last one in memory lies; those of the next
                    // rows, and their C, are prefetched
  int64_t b_share_ahead;  // gemm, with whole vectors, and dot: where blocks of rows share out the prefetching of B, how
                          // far before its use they do; else the first rows bring what lies b_ahead
  int64_t c_ahead;        // gemm_t of a vector of columns: how far ahead of its use C is prefetched
  bool is_near;           // channelwise_t: a cache holds A and B
  bool streams;  // gemm, gemm_t and those of channels: c, of whole lines of memory and aligned to them, is written past
                 // the caches and can be read by other threads after end_streams
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_SEGMENT_H_
