"""Work that comes again and again: what rings for it, when it was last done, and which queues keep up."""
