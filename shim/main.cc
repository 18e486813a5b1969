// containerd-shim-myrt-v2: containerd's shim with the runtime linked in.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>

#include "runtime/init/sealed_self.h"
#include "runtime/myrt.h"
#include "shim/bootstrap.h"
#include "sys/files.h"

namespace {

using namespace myrt;

constexpr const char* kName = "containerd-shim-myrt-v2";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string version_text() {
  const Version version = myrt::version();
  return fmt::format("{}:\n  Version:  {}\n  Revision: {}\n", kName, version.version,
                     version.commit);
}

Result<std::string> act(const shim::Arguments& arguments, char** argv) {
  if (arguments.action == shim::Action::version) return version_text();
  if (arguments.action == shim::Action::info) return shim::info();
  if (arguments.action == shim::Action::remove) return shim::remove(arguments);
  // Its clones enter containers (CVE-2019-5736).
  const sys::LateClose seal = init::take_seal();
  TRY(init::seal_self(argv, ::environ));
  const shim::Environment environment{
      variable("TTRPC_ADDRESS"),
      shim::answer_version(variable("GRPC_ADDRESS"), variable("MAX_SHIM_VERSION"))};
  return shim::start(arguments, environment, TRY(sys::read_all(STDIN_FILENO, "stdin")), seal);
}

int fail(std::string_view text) {
  ignore(sys::write_all(STDERR_FILENO, fmt::format("{}: {}\n", kName, text), "stderr"),
         "there is no other place to say it");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  // Not the number of the fd that it was executed from.
  ::prctl(PR_SET_NAME, "containerd-shim");
  try {
    const std::span<const char* const> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    const auto arguments = shim::parse_arguments(words);
    if (!arguments.ok()) return fail(arguments.error().message);
    const auto answer = act(*arguments, argv);
    if (!answer.ok()) return fail(answer.error().message);
    const auto written = sys::write_all(STDOUT_FILENO, *answer, "stdout");
    return written.ok() ? 0 : fail(written.error().message);
  } catch (const std::exception& exception) {
    return fail(exception.what());
  }
}
