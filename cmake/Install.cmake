# cmake --install: the library, its header and the package that find_package(conv4j CONFIG) finds.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

option(CONV4J_BUNDLE_ONEDNN "Install oneDNN and its OpenMP runtime along" ON)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/conv4j)
# A folder of its own: in lib, this libgomp would become that of every program on the machine.
set(bundle ${CMAKE_INSTALL_LIBDIR}/conv4j)

install(TARGETS conv4j EXPORT conv4j INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/conv4j DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT conv4j NAMESPACE conv4j:: FILE conv4jTargets.cmake DESTINATION ${package})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/conv4jConfig.cmake.in ${PROJECT_BINARY_DIR}/conv4jConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS bundle)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/conv4jConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/conv4jConfig.cmake ${PROJECT_BINARY_DIR}/conv4jConfigVersion.cmake
        ${CMAKE_CURRENT_LIST_DIR}/OneDnnTarget.cmake
  DESTINATION ${package})

install(FILES ${PROJECT_SOURCE_DIR}/../LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(CONV4J_BUNDLE_ONEDNN AND NOT TARGET DNNL::dnnl)
  get_target_property(library onednn::onednn IMPORTED_LOCATION)
  get_target_property(runtime onednn::onednn INTERFACE_LINK_LIBRARIES)
  foreach(file ${library} ${runtime})
    get_filename_component(name ${file} NAME)
    file(REAL_PATH ${file} file)
    install(FILES ${file} DESTINATION ${bundle} RENAME ${name})
  endforeach()
  install(FILES ${onednn_root}/share/doc/dnnl/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE-oneDNN OPTIONAL)
endif()
