// `doctor`: what this host gives to containers, tried out, and what to do about the rest.
#include "runtime/inspection/checkup.h"
#include "runtime/myrt.h"

namespace myrt {

Result<std::vector<Diagnosis>> doctor(const Context& context, const DoctorOptions& options) {
  inspection::Checkup checkup;
  inspection::check_kernel(checkup);
  const auto procfs = sys::Procfs::open();
  if (procfs.ok()) {
    inspection::check_namespaces(checkup);
    inspection::check_mounts(context, *procfs, checkup);
  } else {
    checkup.bad("/proc", Verdict::failure, procfs.error().message, "no container can be made",
                "mount -t proc proc /proc");
  }
  inspection::check_cgroups(checkup);
  inspection::check_seccomp(checkup);
  inspection::check_privileges(options, checkup);
  inspection::check_state_root(context, checkup);
  inspection::check_security_modules(checkup);
  inspection::check_services(options, checkup);
  inspection::check_engines(options, checkup);
  return checkup.take();
}

}  // namespace myrt
