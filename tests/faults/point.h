// One fault: at the n-th system call of the runtime process or of its children, an error or
// SIGKILL.
#pragma once

#include <span>
#include <string>

namespace faults {

enum class Role : unsigned {
  runtime,  // the process that was executed, also after it has executed itself again
  child,    // every process that it makes, until that executes a program
};
inline constexpr unsigned kRoles = 2;

enum class Kind : unsigned { none, error, kill };

struct Point {
  Kind kind = Kind::none;
  Role role = Role::runtime;
  unsigned index = 0;  // from 1
  unsigned rank = 0;   // which of the errors that fit the call
};

std::string syscall_name(long number);
// The errors that this call can have and that tell of a host in trouble, in the order of ranks.
// Empty for calls that cannot fail.
std::span<const int> errors_of(long number);
// close(2) frees the descriptor whatever it returns: the error is reported of a call that was made.
bool is_made_in_any_case(long number);

}  // namespace faults
