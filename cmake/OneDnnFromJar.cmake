# Target onednn::onednn: oneDNN and the OpenMP runtime it is built against, from the Maven jar of JavaCPP's preset.
# An imported target, because the package config inside the jar names a file that the jar lacks.

set(ONEDNN_ROOT "" CACHE PATH "The unpacked jar's folder with include/, libdnnl.so.3 and libgomp.so.1")

if(NOT ONEDNN_ROOT)
  set(core ${CMAKE_CURRENT_LIST_DIR}/../java/core)
  execute_process(
    COMMAND mvn -B -q -ntp -f ${core} dependency:unpack@dnnl
    COMMAND_ERROR_IS_FATAL ANY)
  file(REAL_PATH ${core}/target/dnnl/org/bytedeco/dnnl/linux-x86_64 root)
  set_property(CACHE ONEDNN_ROOT PROPERTY VALUE ${root})
endif()

add_library(onednn::onednn SHARED IMPORTED)
set_target_properties(onednn::onednn PROPERTIES
  IMPORTED_LOCATION ${ONEDNN_ROOT}/libdnnl.so.3
  INTERFACE_INCLUDE_DIRECTORIES ${ONEDNN_ROOT}/include
  INTERFACE_COMPILE_OPTIONS -fopenmp
  INTERFACE_LINK_LIBRARIES ${ONEDNN_ROOT}/libgomp.so.1)
