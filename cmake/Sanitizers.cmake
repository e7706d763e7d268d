set(CONV4J_SANITIZE "" CACHE STRING "address or undefined: build everything with that sanitizer")

if(CONV4J_SANITIZE)
  add_compile_options(-fsanitize=${CONV4J_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${CONV4J_SANITIZE})
endif()
