# Compiler flags of each instruction set. Prefetches for writing are in no level of AVX; a processor that lacks them
# ignores them. Functions at lines of the cache, so that their speed does not depend on what is linked before them (up to
# 6 % on a Zen 3).

set(isa_flags_generic "")
set(isa_flags_avx2 -mavx2 -mfma -mprfchw)
set(isa_flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprfchw -mprefer-vector-width=512)

option(CONV4J_EMULATE_AVX512 "Compile the kernels of AVX-512 for AVX2, to test them on a CPU without it" OFF)
if(CONV4J_EMULATE_AVX512)
  # Loops over lanes: faster with less optimization, and passed in ways that compilers warn of.
  set(isa_flags_avx512 ${isa_flags_avx2} -O2 -Wno-psabi -include ${PROJECT_SOURCE_DIR}/test/emulated_avx512.h)
  add_compile_definitions(C4J_EMULATES_AVX512)
endif()

set(isas generic)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  list(APPEND isas avx2 avx512)
endif()

# Compiles sources into a target once for each instruction set.
function(add_isa_objects target)
  foreach(isa ${isas})
    set(objects ${target}_${isa})
    add_library(${objects} OBJECT ${ARGN})
    target_compile_definitions(${objects} PRIVATE C4J_ISA=${isa} C4J_SIMD="simd/${isa}.h")
    target_compile_options(${objects} PRIVATE ${isa_flags_${isa}} -falign-functions=64)
    target_include_directories(${objects} PRIVATE $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()
