// The end of a fifo that a client may not have opened yet.
#pragma once

#include "shim/loop.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

// Closes `writer`: at once when there is a reader or nothing left to read. Otherwise when one has
// come, or after 10 s: what a short program has said would be gone with the last end of the fifo
// before its client is scheduled, and the client would wait for another writer.
void close_after_reader_came(Loop& loop, sys::UniqueFd writer);

}  // namespace myrt::shim
