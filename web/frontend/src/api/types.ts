/** The API's own names for its shapes; everything here is generated from openapi.json. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type ApiKey = Schemas['ApiKey'];
export type Area = Schemas['Area'];
export type AreaCollection = Schemas['AreaCollection'];
export type AuditEntry = Schemas['AuditEntry'];
export type AuditList = Schemas['AuditList'];
export type Call = Schemas['Call'];
export type City = Schemas['City'];
export type Departure = Schemas['Departure'];
export type Departures = Schemas['Departures'];
export type Export = Schemas['Export'];
export type Feature = Schemas['Feature'];
export type FeatureDetail = Schemas['FeatureDetail'];
export type FeatureKind = Schemas['FeatureKind'];
export type Feed = Schemas['Feed'];
export type FeedChange = Schemas['FeedChange'];
export type FeedPreview = Schemas['FeedPreview'];
export type FeedReject = Schemas['FeedReject'];
export type FeedRun = Schemas['FeedRun'];
export type Freshness = Schemas['Freshness'];
export type Identity = Schemas['IdentityItem'];
export type Job = Schemas['Job'];
export type JobAccepted = Schemas['JobAccepted'];
export type JobDetail = Schemas['JobDetail'];
export type JobList = Schemas['JobList'];
export type JobState = Schemas['JobState'];
export type Mail = Schemas['Mail'];
export type Photo = Schemas['Photo'];
export type Problem = Schemas['Problem'];
export type Pulse = Schemas['Pulse'];
/** The client reads tuples as lists: a point is the start of an hour and its value. */
export type PulseTile = Omit<Schemas['PulseTile'], 'series'> & {
  series: (string | number | null)[][];
};
export type Queue = Schemas['Queue'];
export type Report = Schemas['Report'];
export type ReportAccepted = Schemas['ReportAccepted'];
export type ReportCategory = Schemas['ReportCategory'];
export type ReportStatus = Schemas['ReportStatus'];
export type ReportStep = Schemas['ReportStep'];
export type Session = Schemas['Session'];
export type SignedIn = Schemas['SignedIn'];
export type Source = Schemas['Source'];
export type Status = Schemas['Status'];
export type Thing = Schemas['Thing'];
export type Times = Schemas['Times'];
export type Trail = Schemas['Trail'];
export type Trip = Schemas['Trip'];
export type Upload = Schemas['Upload'];
export type UploadAccepted = Schemas['UploadAccepted'];
export type UploadList = Schemas['UploadList'];
export type User = Schemas['User'];
export type Vehicle = Schemas['Vehicle'];
