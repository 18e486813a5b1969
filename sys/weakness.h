// What tests/attacks does to the runtime: it stops it at a named point, or takes one mitigation
// away, to see that the test of that mitigation can fail.
//
// Only the target `attacked` of tests/CMakeLists.txt has any of it. Everywhere else both functions
// are empty and constexpr, so that nothing is left of them in an optimised build, not even the
// names (tests/attacks/check_release).
#pragma once

#include <string_view>

namespace myrt::sys {

#ifdef MYRT_ATTACKS

// True when the test has asked for this weakness: then the caller leaves out the mitigation. In an
// `if` of its own: beside a TRY in one condition GCC keeps the name in a release. Defined in
// tests/attacks/weakness.cc.
bool weakened(std::string_view name);

// When the test has asked for a stop at `name`, or at "NAME:OPERAND": waits, once per process,
// until the test has changed what the next line will find.
void stop_point(std::string_view name, std::string_view operand = {});

#else

constexpr bool weakened(std::string_view) { return false; }
constexpr void stop_point(std::string_view, std::string_view = {}) {}

#endif

}  // namespace myrt::sys
