// Calls of the runtime's library in a child of the shim: whatever they wait for and however they
// end, the shim goes on serving.
#pragma once

#include <functional>
#include <string>

#include "shim/loop.h"
#include "shim/reaper.h"
#include "sys/result.h"

namespace myrt::shim {

// Runs `work` in a forked child and `done` with what it returned (at most some 60 KB), from the
// loop. A child that dies is an Error{internal}. Errors, returned at once: system.
Result<> run_job(Reaper& reaper, const std::function<Result<std::string>()>& work,
                 std::function<void(Result<std::string>)> done);

// A Result on its way through a pipe. Pure.
std::string encode_result(const Result<std::string>& result);
std::optional<Result<std::string>> decode_result(std::string_view bytes);

}  // namespace myrt::shim
