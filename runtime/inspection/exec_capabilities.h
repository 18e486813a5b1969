// What execve(2) makes of a process's capability sets (capabilities(7), "Transformation of
// capabilities during execve()"), for a program file without capabilities of its own. Pure.
#pragma once

#include <cstdint>

#include "capabilities/plan.h"

namespace myrt::inspection {

enum class IsRoot : std::uint8_t { no, yes };  // uid 0 of its user namespace
enum class NoNewPrivileges : std::uint8_t { off, on };

inline capabilities::Plan after_exec(const capabilities::Plan& before, IsRoot is_root,
                                     NoNewPrivileges no_new_privileges) {
  capabilities::Plan after = before;
  after.permitted = 0;
  if (is_root == IsRoot::yes) {
    after.permitted = before.inheritable | before.bounding;
    // Gaining capabilities counts as a gain of privileges.
    if (no_new_privileges == NoNewPrivileges::on) after.permitted &= before.permitted;
  }
  after.permitted |= before.ambient;
  after.effective = is_root == IsRoot::yes ? after.permitted : before.ambient;
  return after;
}

// Init that waits for `start` still holds what loading the seccomp filter needs.
inline capabilities::Plan before_exec(const capabilities::Plan& planned,
                                      capabilities::Set extra_until_exec) {
  capabilities::Plan now = planned;
  now.permitted |= extra_until_exec;
  now.effective |= extra_until_exec;
  return now;
}

}  // namespace myrt::inspection
