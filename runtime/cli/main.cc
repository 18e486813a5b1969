#include <unistd.h>

#include <exception>

#include "runtime/cli/application.h"
#include "runtime/init/sealed_self.h"
#include "sys/files.h"

int main(int argc, char** argv) {
  using namespace myrt;
  int failure_status = 1;
  // Nothing of ours throws; the standard library does when memory runs out.
  try {
    sys::LateClose seal = init::take_seal();
    const auto personality = cli::personality_of(argc > 0 ? argv[0] : "");
    const std::span<const char* const> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const cli::CommandLine line = cli::parse_command_line(arguments, personality.name);
    failure_status = cli::failure_status(line);
    // Before any fd is opened of ours. It does not return where it starts myrt over from a sealed
    // copy.
    Result<> sealed;
    if (cli::enters_container(line))
      sealed = init::seal_self(argv, ::environ).in_phase(Phase::spawn);
    return cli::run_application(line, personality, cli::read_environment(), {}, sealed,
                                std::move(seal));
  } catch (const std::exception& exception) {
    ignore(sys::write_all(STDERR_FILENO, fmt::format("myrt: {}\n", exception.what()), "stderr"),
           "there is no other place to say it");
  }
  return failure_status;
}
