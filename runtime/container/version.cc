// What this build is.
#include "oci-spec/documents.h"
#include "runtime/myrt.h"
#include "seccomp/names.h"

namespace myrt {

Version version() {
  return {.version = MYRT_VERSION,
          .commit = MYRT_COMMIT,
          .spec = std::string(oci::kVersionMax),
          .libseccomp = seccomp::library_version()};
}

}  // namespace myrt
