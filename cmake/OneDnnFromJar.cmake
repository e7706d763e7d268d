# Target onednn::onednn from ONEDNN_ROOT or, where none is given, from the Maven jar of JavaCPP's preset. Not by
# find_package: the package config inside the jar names a file that the jar lacks.

set(ONEDNN_ROOT "" CACHE PATH "The unpacked jar's folder, or the prefix of an installed oneDNN 3 that runs on OpenMP")

set(onednn_root ${ONEDNN_ROOT})
if(NOT onednn_root)
  get_filename_component(core ${CMAKE_CURRENT_LIST_DIR}/../java/core ABSOLUTE)
  set(onednn_root ${core}/target/dnnl/org/bytedeco/dnnl/linux-x86_64)
  file(STRINGS ${pom} dnnl_version REGEX "<dnnl.version>")
  if(NOT EXISTS ${onednn_root}/libdnnl.so.3 OR NOT dnnl_version STREQUAL CONV4J_UNPACKED)
    execute_process(
      COMMAND mvn -B -q -ntp -f ${core} dependency:unpack@dnnl
      COMMAND_ERROR_IS_FATAL ANY)
    set(CONV4J_UNPACKED "${dnnl_version}" CACHE INTERNAL "Of which version oneDNN was unpacked")
  endif()
endif()

include(OneDnnTarget)
add_onednn(${onednn_root})
