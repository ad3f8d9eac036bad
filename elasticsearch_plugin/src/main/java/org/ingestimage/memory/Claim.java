package org.ingestimage.memory;

/** The answer to a call that needs memory. */
public enum Claim {
    /** There is enough, and the call has it. */
    ENOUGH,
    /** Not now: others hold it, and do not wait for this call. */
    LATER,
    /** Not now, and the call must not wait: its own document or bulk holds memory until the call is done. */
    REFUSED
}
