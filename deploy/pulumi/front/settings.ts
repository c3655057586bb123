// What can be set of the front half, by the names and with the defaults of deploy/sam/front.yaml.

/** Settings of the front half. Every one has a default; deploy/sam/front.yaml says what each is for. */
export interface FrontSettings {
  streamName: string;
  busName: string;
  stageName: string;
  /** Empty for no service desk. */
  serviceDeskUrl: string;
  /** In SAM the name of the secret; here the program gives what is in it. */
  serviceDeskSecret: string;
  serviceDeskRate: number;
  requestsPerSecond: number;
  requestBurst: number;
  /** 0 keeps events. */
  archiveDays: number;
  logRetentionDays: number;
  architecture: "arm64" | "x86_64";
}

export const frontDefaults: FrontSettings = {
  streamName: "client-events",
  busName: "client-events",
  stageName: "prod",
  serviceDeskUrl: "",
  serviceDeskSecret: "service-desk",
  serviceDeskRate: 10,
  requestsPerSecond: 1000,
  requestBurst: 2000,
  archiveDays: 30,
  logRetentionDays: 30,
  architecture: "arm64",
};

/** `given` over the defaults. Throws on what AWS would refuse, before anything is made. */
export function frontSettings(given: Partial<FrontSettings>): FrontSettings {
  const all: FrontSettings = { ...frontDefaults };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) {
      Object.assign(all, { [name]: value });
    }
  }
  if (!/^[a-zA-Z0-9_]{1,64}$/.test(all.stageName)) {
    throw new RangeError(`stageName is ${JSON.stringify(all.stageName)}: use letters, digits and underscores`);
  }
  if (all.serviceDeskUrl !== "" && !all.serviceDeskUrl.startsWith("https://")) {
    throw new RangeError(`serviceDeskUrl is ${JSON.stringify(all.serviceDeskUrl)}: EventBridge posts to https:// alone`);
  }
  if (!(all.serviceDeskRate >= 1 && all.serviceDeskRate <= 300)) {
    throw new RangeError(`serviceDeskRate is ${all.serviceDeskRate}: use 1 to 300`);
  }
  return all;
}
