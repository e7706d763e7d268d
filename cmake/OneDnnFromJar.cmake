# Target onednn::onednn from ONEDNN_ROOT or, where none is given, from the Maven jar of JavaCPP's preset. Not by
# find_package: the package config inside the jar names a file that the jar lacks.

set(ONEDNN_ROOT "" CACHE PATH "The unpacked jar's folder, or the prefix of an installed oneDNN 3 that runs on OpenMP")

set(onednn_root ${ONEDNN_ROOT})
if(NOT onednn_root)
  get_filename_component(core ${CMAKE_CURRENT_LIST_DIR}/../java/core ABSOLUTE)
  set(onednn_root ${core}/target/dnnl/org/bytedeco/dnnl/linux-x86_64)
  if(NOT EXISTS ${onednn_root}/libdnnl.so.3)
    execute_process(
      COMMAND mvn -B -q -ntp -f ${core} dependency:unpack@dnnl
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
endif()

include(OneDnnTarget)
add_onednn(${onednn_root})
