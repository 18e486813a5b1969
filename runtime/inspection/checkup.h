// The parts of `doctor`: each tries something out and adds what came of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/myrt.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::inspection {

class Checkup {
 public:
  void ok(std::string name, std::string finding) {
    diagnoses_.push_back({std::move(name), Verdict::ok, std::move(finding), {}, {}});
  }
  void bad(std::string name, Verdict verdict, std::string finding, std::string consequence,
           std::string fix) {
    diagnoses_.push_back(
        {std::move(name), verdict, std::move(finding), std::move(consequence), std::move(fix)});
  }
  std::vector<Diagnosis> take() { return std::move(diagnoses_); }

 private:
  std::vector<Diagnosis> diagnoses_;
};

// Runs `attempt` in a child process, made with these CLONE_NEW* flags, and brings its failure back.
// With CLONE_NEWUSER the child's user is root there. Errors: those of `attempt`, and of clone3.
Result<> try_in_child(std::uint64_t clone_flags, const std::function<Result<>()>& attempt);

// The first executable file of this name in a PATH; empty when there is none.
std::string find_program(std::string_view search_path, std::string_view name);
// Its exit status with `argument`, output thrown away. Errors: timeout after ten seconds; system.
Result<int> exit_status_of(const std::string& program, const std::string& argument);

// doctor_kernel.cc
void check_kernel(Checkup& checkup);
void check_namespaces(Checkup& checkup);
void check_mounts(const Context& context, const sys::Procfs& procfs, Checkup& checkup);
void check_seccomp(Checkup& checkup);
// doctor_cgroups.cc
void check_cgroups(Checkup& checkup);
// doctor_host.cc
void check_privileges(const DoctorOptions& options, Checkup& checkup);
void check_state_root(const Context& context, Checkup& checkup);
void check_security_modules(Checkup& checkup);
void check_services(const DoctorOptions& options, Checkup& checkup);
// doctor_engines.cc
void check_engines(const DoctorOptions& options, Checkup& checkup);

}  // namespace myrt::inspection
