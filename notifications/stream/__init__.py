"""The event stream: server-sent events for pages and systems, thousands of clients a process."""
