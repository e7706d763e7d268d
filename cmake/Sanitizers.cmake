set(CONV4J_SANITIZE "" CACHE STRING "address or undefined: build everything with that sanitizer")

if(CONV4J_SANITIZE)
  # Lines alone, for the reports, and few optimizations: gemm of AVX-512 compiles for 226 s in place of 274, and with
  # AddressSanitizer's checks as calls for 96.
  add_compile_options(-fsanitize=${CONV4J_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1)
  if(CONV4J_SANITIZE STREQUAL address)
    add_compile_options(--param=asan-instrumentation-with-call-threshold=0)
  endif()
  add_link_options(-fsanitize=${CONV4J_SANITIZE})
  # Measures this machine, and would find 1.3 GFLOP/s in place of 104 (Zen 3).
  set_source_files_properties(src/core/machine.cpp PROPERTIES COMPILE_OPTIONS "-O3;-fno-sanitize=all")
endif()
