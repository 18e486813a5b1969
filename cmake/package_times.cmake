# Run by cpack between install and packaging: rpmbuild brings a file's time down to that of the commit, never up to it, so that files of
# an older checkout would have times of their own.
file(GLOB_RECURSE installed LIST_DIRECTORIES false "${CPACK_TEMPORARY_DIRECTORY}/*")
foreach(file IN LISTS installed)
  if(NOT IS_SYMLINK "${file}")
    file(TOUCH_NOCREATE "${file}")
  endif()
endforeach()
