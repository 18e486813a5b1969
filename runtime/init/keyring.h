// A session keyring of the container's own, so that it cannot read its caller's keys (keyrings(7)).
#pragma once

#include <cstdint>
#include <string>

#include "sys/result.h"

namespace myrt::init {

// Who else may search the keyring: the same uid, or everybody when the container's ids are mapped
// (its root is then another uid than the keyring's owner).
enum class KeyringSearch : std::uint8_t { owner, others };

// In init, before the user switch: joins (making it when missing) the keyring "_ses.<id>", which
// exec'd processes of the same container join by the same name. A kernel without keyrings (ENOSYS)
// is not an error. Errors: system.
Result<> join_session_keyring(const std::string& container_id, KeyringSearch search);

}  // namespace myrt::init
