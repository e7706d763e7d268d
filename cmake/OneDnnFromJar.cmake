# Target onednn::onednn from ONEDNN_ROOT or, where none is given, from the Maven jar of JavaCPP's preset. Not by
# find_package: the package config inside the jar names a file that the jar lacks.

set(ONEDNN_ROOT "" CACHE PATH "The unpacked jar's folder, or the prefix of an installed oneDNN 3 that runs on OpenMP")

if(NOT ONEDNN_ROOT)
  set(core ${CMAKE_CURRENT_LIST_DIR}/../java/core)
  execute_process(
    COMMAND mvn -B -q -ntp -f ${core} dependency:unpack@dnnl
    COMMAND_ERROR_IS_FATAL ANY)
  file(REAL_PATH ${core}/target/dnnl/org/bytedeco/dnnl/linux-x86_64 root)
  set_property(CACHE ONEDNN_ROOT PROPERTY VALUE ${root})
endif()

include(OneDnnTarget)
add_onednn(${ONEDNN_ROOT})
