package org.ingestimage.common;

import java.util.function.BiFunction;

import org.elasticsearch.threadpool.Scheduler;

/** Runs something after some milliseconds, on a thread that may work. Throws when the node is stopping. */
public interface Timer extends BiFunction<Long, Runnable, Scheduler.ScheduledCancellable> {}
