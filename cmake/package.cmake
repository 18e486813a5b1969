# .deb, .rpm and .tar.gz by CPack: `make deb`. The same commit gives the same bytes.
set(CPACK_PACKAGE_NAME myrt)
set(CPACK_PACKAGE_VERSION ${MYRT_VERSION})
# Packages of a distribution name its own maintainer; those that somebody builds, whoever that is.
# `.invalid` is nobody's domain, nor ever will be (RFC 2606).
set(MYRT_MAINTAINER "The authors of myrt <authors@myrt.invalid>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGE_CONTACT "${MYRT_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "OCI container runtime in one static file")
set(CPACK_PACKAGE_DESCRIPTION "myrt runs the containers of containerd, CRI-O, Podman and Docker.\nIt takes the command line of runc, needs no shared library, and says what is\nwrong with a configuration (validate), a host (doctor) or a running container\n(effective).")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE)
# /etc is not below /usr: without this CPack would write to the host's.
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL runtime)
if(MYRT_DEVEL)
  list(APPEND CPACK_COMPONENTS_ALL devel)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME myrt)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "podman, containerd, docker.io")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_DEVEL_PACKAGE_NAME libmyrt-dev)
set(CPACK_DEBIAN_DEVEL_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVEL_PACKAGE_DEPENDS "libfmt-dev, libseccomp-dev")
set(CPACK_DEBIAN_DEVEL_DESCRIPTION "Static library and headers: the functions behind the command line of myrt: one for each verb.")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/packaging/conffiles
  "${CMAKE_INSTALL_FULL_SYSCONFDIR}/containers/containers.conf.d/myrt.conf\n")

# The papers that Debian wants of every package.
configure_file(packaging/debian/changelog.in packaging/changelog.Debian @ONLY)
execute_process(COMMAND gzip -9nf changelog.Debian WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/packaging)
set(changelog ${CMAKE_CURRENT_BINARY_DIR}/packaging/changelog.Debian.gz)
install(FILES ${changelog} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/myrt COMPONENT runtime)
install(FILES packaging/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME myrt COMPONENT runtime)
if(MYRT_DEVEL)
  install(FILES ${changelog} packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libmyrt-dev COMPONENT devel)
endif()

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_AUTOREQ OFF)
set(CPACK_RPM_RUNTIME_PACKAGE_NAME myrt)
# What the administrator has changed stays, as with conffiles.
set(CPACK_RPM_RUNTIME_USER_FILELIST
  "%config(noreplace) ${CMAKE_INSTALL_FULL_SYSCONFDIR}/containers/containers.conf.d/myrt.conf")
set(CPACK_RPM_DEVEL_PACKAGE_NAME myrt-devel)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package_times.cmake)
set(CPACK_RPM_SPEC_MORE_DEFINE "%define use_source_date_epoch_as_buildtime 1\n%define clamp_mtime_to_source_date_epoch 1\n%define _buildhost localhost")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /etc/containers /etc/containers/containers.conf.d
  /usr/share/zsh /usr/share/zsh/site-functions /usr/share/zsh/vendor-completions /usr/share/fish
  /usr/share/fish/vendor_completions.d /usr/share/bash-completion /usr/share/bash-completion/completions)

set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_RUNTIME_FILE_NAME myrt-${MYRT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_ARCHIVE_DEVEL_FILE_NAME libmyrt-${MYRT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
include(CPack)
