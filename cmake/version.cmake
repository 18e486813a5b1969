# MYRT_VERSION from the git tags (v1.2.3), else the project's; MYRT_DATE and MYRT_EPOCH of the
# commit, else of SOURCE_DATE_EPOCH: nothing in a build depends on when it runs.
function(myrt_git output)
  execute_process(COMMAND git ${ARGN} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    set(text "")
  endif()
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

set(MYRT_VERSION "${PROJECT_VERSION}")
set(MYRT_EPOCH "$ENV{SOURCE_DATE_EPOCH}")
# A tree unpacked inside somebody else's repository is not that repository's.
myrt_git(git_top rev-parse --show-toplevel)
if(git_top STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  myrt_git(git_tag describe --tags --match "v[0-9]*")
  if(git_tag)
    # v1.2.3-4-gabcdef0: four commits after the tag, and newer than it to every package manager.
    string(REGEX REPLACE "^v" "" MYRT_VERSION "${git_tag}")
    string(REGEX REPLACE "-([0-9]+)-g" "+\\1.g" MYRT_VERSION "${MYRT_VERSION}")
  endif()
  if(NOT MYRT_EPOCH)
    myrt_git(MYRT_EPOCH log -1 --format=%ct)
  endif()
endif()
if(NOT MYRT_EPOCH)
  set(MYRT_EPOCH 0)
endif()
set(ENV{SOURCE_DATE_EPOCH} ${MYRT_EPOCH})
string(TIMESTAMP MYRT_DATE "%Y-%m-%d" UTC)
string(TIMESTAMP MYRT_DATE_RFC2822 "%a, %d %b %Y %H:%M:%S +0000" UTC)
