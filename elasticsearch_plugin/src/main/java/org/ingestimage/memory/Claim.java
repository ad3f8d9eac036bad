package org.ingestimage.memory;

/** What became of a call's wish for memory. */
public enum Claim {
    /** There is enough, and the call has it. */
    ENOUGH,
    /** Not now: others hold it, who do not wait for this call. */
    LATER,
    /** Not now, and the call must not wait: what it belongs to holds memory itself until the call is done. */
    REFUSED
}
