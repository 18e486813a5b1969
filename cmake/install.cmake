# What `cmake --install` puts where; GNUInstallDirs decides about the directories.
include(GNUInstallDirs)
# Where zsh looks for completions; not cached, since it follows from the prefix.
if(NOT MYRT_ZSH_DIR)
  set(MYRT_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr" AND EXISTS /etc/debian_version)
    set(MYRT_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  endif()
endif()

# --- manual pages and completions, from the options table
file(GLOB manual_sources CONFIGURE_DEPENDS manual/*.cc)
list(FILTER manual_sources EXCLUDE REGEX "/generate\\.cc$")
add_library(myrt_manual_texts STATIC EXCLUDE_FROM_ALL ${manual_sources})
target_link_libraries(myrt_manual_texts PUBLIC myrt_cli myrt_oci_spec myrt_sys)
myrt_precompiled(myrt_manual_texts)
add_executable(myrt_manual EXCLUDE_FROM_ALL manual/generate.cc)
target_link_libraries(myrt_manual PRIVATE myrt_manual_texts)
set(manual ${CMAKE_CURRENT_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${manual})
add_custom_command(OUTPUT ${manual}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf man1 man7 man8 completions
  COMMAND myrt_manual ${manual} ${MYRT_VERSION} ${MYRT_DATE}
  # Without a name and a time, as every distribution has them.
  COMMAND sh -c "gzip -9n man1/*.1 man7/*.7 man8/*.8"
  COMMAND ${CMAKE_COMMAND} -E touch stamp
  DEPENDS myrt_manual WORKING_DIRECTORY ${manual} VERBATIM)
add_custom_target(manual DEPENDS ${manual}/stamp)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME runtime)
# What is installed is built by name: `all` has the tests in it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
install(TARGETS myrt containerd-shim-myrt-v2 RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(DIRECTORY ${manual}/man1 ${manual}/man7 ${manual}/man8 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT runtime)
install(FILES ${manual}/completions/myrt
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT runtime)
install(FILES ${manual}/completions/_myrt DESTINATION ${MYRT_ZSH_DIR} COMPONENT runtime)
install(FILES ${manual}/completions/myrt.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT runtime)
install(DIRECTORY packaging/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
# Podman learns of a runtime called myrt; which one it uses by default does not change.
configure_file(packaging/containers.conf.in packaging/myrt.conf @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/packaging/myrt.conf
  DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/containers/containers.conf.d COMPONENT runtime)

# The header, and what it includes of ours, directly or not.
function(myrt_header_closure output header)
  set(found ${header})
  set(unread ${header})
  while(unread)
    list(POP_FRONT unread file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    file(STRINGS ${file} lines REGEX "^#include \"")
    list(TRANSFORM lines REPLACE "^#include \"([^\"]*)\".*" "\\1")
    list(REMOVE_ITEM lines ${found})
    list(APPEND found ${lines})
    list(APPEND unread ${lines})
  endwhile()
  set(${output} ${found} PARENT_SCOPE)
endfunction()

# --- libmyrt: one archive of all the folders below the command line
option(MYRT_DEVEL "Also install libmyrt: a static library, its headers and its pkg-config file" OFF)
if(MYRT_DEVEL)
  set(library ${CMAKE_CURRENT_BINARY_DIR}/libmyrt.a)
  set(script "create ${library}\n")
  foreach(folder ${MYRT_LIBRARIES})
    get_target_property(kind myrt_${folder} TYPE)
    if(kind STREQUAL "STATIC_LIBRARY")
      string(APPEND script "addlib $<TARGET_FILE:myrt_${folder}>\n")
      list(APPEND folder_targets myrt_${folder})
    endif()
  endforeach()
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/libmyrt.mri CONTENT "${script}save\nend\n")
  # LTO's intermediate code is of one compiler version only; the machine code beside it stays.
  add_custom_command(OUTPUT ${library} COMMAND sh -c "${CMAKE_AR} -M < libmyrt.mri"
    COMMAND ${CMAKE_OBJCOPY} --strip-debug --wildcard --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_*
      --enable-deterministic-archives ${library}
    DEPENDS ${folder_targets} ${CMAKE_CURRENT_BINARY_DIR}/libmyrt.mri
    WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} VERBATIM)
  add_custom_target(libmyrt ALL DEPENDS ${library})
  install(FILES ${library} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel)
  myrt_header_closure(public_headers runtime/myrt.h)
  foreach(header ${public_headers})
    get_filename_component(folder ${header} DIRECTORY)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/myrt/${folder} COMPONENT devel)
  endforeach()
  configure_file(packaging/myrt.pc.in packaging/myrt.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/packaging/myrt.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT devel)
endif()
