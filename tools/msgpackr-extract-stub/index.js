/** Stands in for msgpackr's native part, which has no builds for every platform: null makes msgpackr use its JavaScript. */
module.exports = null;
