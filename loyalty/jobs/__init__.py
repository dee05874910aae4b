"""Jobs: retroactive payments and bulk operations. Previewed, applied once for each member, taken back as one.

``kinds`` says what there is, ``making`` begins a job, ``listing`` takes its members, ``previewing`` says what each one
would get, ``applying`` does it and ``reversing`` takes it back, each kind as ``doing`` says: page by page, each page in
one transaction with the state of its items, so that a worker that dies leaves nothing half done and nothing to be done
twice. ``allowance`` says what needs a second person.
"""
