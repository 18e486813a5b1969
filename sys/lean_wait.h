// lean_wait: waiting for long with as little memory as a process can have.
#pragma once

namespace myrt::sys {

// Blocks until `fd` is readable, without what the process can do without until then: the pages of
// its own program, which come back from the page cache one by one when they are needed again, free
// memory of the heap, and the stack below the caller. For a created container's init, which may
// wait for its start beside thousands like it. Returns as well when poll(2) fails: whatever the
// caller does with the fd then says why.
void lean_wait(int fd);

}  // namespace myrt::sys
