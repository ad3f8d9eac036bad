package org.ingestimage.service;

import java.util.function.BiFunction;

import org.elasticsearch.threadpool.Scheduler;

/** Runs something so many milliseconds later, on a thread that may work. Throws when the node is stopping. */
public interface Timer extends BiFunction<Long, Runnable, Scheduler.ScheduledCancellable> {}
