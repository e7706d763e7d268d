# Compiler flags of each instruction set's one source file in a folder, <isa>.cpp. Prefetches for writing are in no level
# of AVX; a processor that lacks them ignores them.

set(isa_flags_generic "")
set(isa_flags_avx2 -mavx2 -mfma -mprfchw)
set(isa_flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprfchw -mprefer-vector-width=512)

set(isas generic)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  list(APPEND isas avx2 avx512)
endif()

function(add_isa_sources target folder)
  foreach(isa ${isas})
    set(source ${folder}/${isa}.cpp)
    target_sources(${target} PRIVATE ${source})
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${isa_flags_${isa}}")
  endforeach()
endfunction()
