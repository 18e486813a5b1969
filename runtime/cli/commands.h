// One function per command: arguments -> one call of the library -> what to print and the exit
// status.
#pragma once

#include "runtime/cli/arguments.h"
#include "runtime/cli/environment.h"
#include "runtime/cli/personality.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// The standard streams; borrowed.
struct Streams {
  int input = 0;
  int output = 1;
  int error = 2;
};

// What every command gets. The command line has been checked against the options table.
struct Invocation {
  const Context& context;
  const CommandLine& line;
  const Environment& environment;
  const Personality& personality;
  Streams streams;
};

// Each returns the exit status of myrt. Errors are those of the library's function of that name,
// and invalid_argument.

// commands_lifecycle.cc
Result<int> create_command(const Invocation& invocation);
Result<int> start_command(const Invocation& invocation);
Result<int> run_command(const Invocation& invocation);   // the container's status unless detached
Result<int> exec_command(const Invocation& invocation);  // the process's status unless detached

// commands_selection.cc. With --regex every matching container is tried, and the error names all
// that failed.
Result<int> kill_command(const Invocation& invocation);
Result<int> delete_command(const Invocation& invocation);

// commands_inspection.cc
Result<int> state_command(const Invocation& invocation);
Result<int> list_command(const Invocation& invocation);
Result<int> ps_command(const Invocation& invocation);
Result<int> events_command(const Invocation& invocation);

// commands_resources.cc
Result<int> pause_command(const Invocation& invocation);
Result<int> resume_command(const Invocation& invocation);
Result<int> update_command(const Invocation& invocation);
Result<int> mounts_command(const Invocation& invocation);

// commands_checkpoint.cc
Result<int> checkpoint_command(const Invocation& invocation);
Result<int> restore_command(const Invocation& invocation);  // as run_command

// commands_documents.cc
Result<int> spec_command(const Invocation& invocation);
Result<int> features_command(const Invocation& invocation);

// commands_reports.cc. 1: the configuration cannot be run / the kernel's values differ / a check
// failed.
Result<int> validate_command(const Invocation& invocation);
Result<int> effective_command(const Invocation& invocation);
Result<int> doctor_command(const Invocation& invocation);
Result<int> metrics_command(const Invocation& invocation);
// 1: something could not be removed.
Result<int> gc_command(const Invocation& invocation);

// Runs the command of `invocation.line`.
Result<int> run_selected(const Invocation& invocation);

// Writes to standard output. Errors: system.
Result<> print(const Streams& streams, std::string_view text);

}  // namespace myrt::cli
