set(CONV4J_SANITIZE "" CACHE STRING "address or undefined: build everything with that sanitizer")

if(CONV4J_SANITIZE)
  # Lines alone, for the reports: with variables too the AVX-512 kernels compile for 47 s in place of 31.
  add_compile_options(-fsanitize=${CONV4J_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${CONV4J_SANITIZE})
endif()
