# Adds the target onednn::onednn: oneDNN and the OpenMP runtime that it works with, from a folder that is the unpacked
# jar of JavaCPP's preset, an installed oneDNN's prefix, or the copies installed along with this library (without
# headers, which only this library's own sources need). The package config installs this file beside itself.

function(add_onednn root)
  if(TARGET onednn::onednn)
    return()
  endif()
  if(TARGET DNNL::dnnl) # The program has found one: two in one process would keep two pools of threads.
    find_package(OpenMP REQUIRED COMPONENTS CXX)
    add_library(onednn::onednn INTERFACE IMPORTED GLOBAL)
    target_link_libraries(onednn::onednn INTERFACE DNNL::dnnl ${OpenMP_CXX_LIBRARIES})
    return()
  endif()

  find_library(library libdnnl.so.3 PATHS ${root} ${root}/lib ${root}/lib64 NO_DEFAULT_PATH NO_CACHE REQUIRED)
  get_filename_component(folder ${library} DIRECTORY)
  find_library(runtime libgomp.so.1 HINTS ${folder} NO_CACHE REQUIRED)

  add_library(onednn::onednn SHARED IMPORTED GLOBAL)
  set_target_properties(onednn::onednn PROPERTIES
    IMPORTED_LOCATION ${library}
    INTERFACE_LINK_LIBRARIES ${runtime})
  if(EXISTS ${root}/include/dnnl.hpp)
    target_include_directories(onednn::onednn INTERFACE ${root}/include)
  endif()
endfunction()
